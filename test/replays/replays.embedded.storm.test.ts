import { replayGuarantees } from "./replays.ts";

await replayGuarantees("embedded");
