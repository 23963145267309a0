import { killStorm } from "./kill-storm.ts";

await killStorm("postgres", { events: 1_500, contacts: 25, replicas: 2, kills: 5 });
