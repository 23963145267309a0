import { killStorm } from "./kill-storm.ts";

await killStorm("embedded", { events: 1_500, contacts: 25, replicas: 1, kills: 4 });
