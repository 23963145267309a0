import { isLong } from "../helpers/length.ts";
import { killStorm } from "./kill-storm.ts";

const long = { events: 1_500, contacts: 25, replicas: 2, kills: 5 };
const short = { events: 300, contacts: 8, replicas: 2, kills: 2 };

await killStorm("postgres", isLong ? long : short);
