import { destinationGuarantees } from "./destinations.ts";

await destinationGuarantees("redis");
