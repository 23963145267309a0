import { isLong } from "../helpers/length.ts";
import { killStorm } from "./kill-storm.ts";

const long = { events: 1_500, contacts: 25, replicas: 1, kills: 4 };
const short = { events: 300, contacts: 8, replicas: 1, kills: 1 };

await killStorm("embedded", isLong ? long : short);
