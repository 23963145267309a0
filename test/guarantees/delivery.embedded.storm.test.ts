import { deliveryGuarantees } from "./delivery.ts";

await deliveryGuarantees("embedded", 1);
