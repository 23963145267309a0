import { deliveryGuarantees } from "./delivery.ts";

await deliveryGuarantees("postgres", 2);
