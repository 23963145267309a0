import { isObject, textAt } from "../body.ts";
import type { JsonObject, ProviderMapping } from "../provider.ts";

/**
 * The privacy topics by the shape of the signed body: the topic header is not signed, and a forged one must not erase
 * anybody. All carry `shop_id` and `shop_domain`, as no other topic does; only the redaction of a customer names
 * `orders_to_redact`.
 */
export function privacyRequest(root: JsonObject): ProviderMapping | undefined {
  if (textAt(root, "shop_domain") === undefined || root["shop_id"] === undefined) return undefined;
  const { customer } = root;
  if (!isObject(customer)) return { kind: "nothing", reason: "privacy-shop-redact", root };
  if (Object.hasOwn(root, "orders_requested") || Object.hasOwn(root, "data_request")) {
    return { kind: "nothing", reason: "privacy-data-request", root };
  }
  if (!Array.isArray(root["orders_to_redact"])) return { kind: "nothing", reason: "privacy-request", root };
  const phone = textAt(customer, "phone");
  const email = textAt(customer, "email");
  return {
    kind: "erase",
    root,
    phones: phone === undefined ? [] : [phone],
    emails: email === undefined ? [] : [email],
  };
}
