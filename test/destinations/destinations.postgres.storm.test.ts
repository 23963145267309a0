import { destinationGuarantees } from "./destinations.ts";

await destinationGuarantees("postgres");
