import { at, isObject, textAt } from "../body.ts";
import type { JsonObject } from "../provider.ts";

type Resource = "customer" | "order" | "product" | "coupon" | "deleted" | "error" | "unknown";

/**
 * What the signed body is about, by its shape: the headers that say so are not signed. A deleted resource is its id
 * and nothing else; what cannot be read when it is to be delivered is the REST API's error.
 */
export function resourceOf(body: JsonObject): Resource {
  const has = (...names: readonly string[]) => names.some((name) => Object.hasOwn(body, name));
  if (has("order_key", "line_items")) return "order";
  if (has("is_paying_customer", "avatar_url", "username")) return "customer";
  if (isObject(body["billing"])) return "order";
  if (has("regular_price", "catalog_visibility")) return "product";
  if (has("discount_type")) return "coupon";
  if (has("id") && Object.keys(body).length === 1) return "deleted";
  return isError(body) ? "error" : "unknown";
}

function isError(body: JsonObject): boolean {
  return textAt(body, "code") !== undefined && typeof at(body, "data.status") === "number";
}
