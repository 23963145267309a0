import { killStorm } from "./kill-storm.ts";

await killStorm("redis", { events: 1_500, contacts: 25, replicas: 2, kills: 6 });
