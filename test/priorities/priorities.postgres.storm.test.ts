import { prioritiesStorm } from "./priorities.ts";

await prioritiesStorm("postgres");
