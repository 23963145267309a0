import { prioritiesStorm } from "./priorities.ts";

await prioritiesStorm("embedded");
