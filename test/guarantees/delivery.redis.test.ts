import { deliveryGuarantees } from "./delivery.ts";

await deliveryGuarantees("redis", 2);
