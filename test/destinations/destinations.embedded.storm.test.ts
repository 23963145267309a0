import { destinationGuarantees } from "./destinations.ts";

await destinationGuarantees("embedded");
