import { killStorm } from "./kill-storm.ts";

const storm = { events: 600, contacts: 12, replicas: 2, kills: 4, creates: true };

await killStorm("redis", storm);
await killStorm("postgres", storm);
await killStorm("embedded", { ...storm, replicas: 1 });
