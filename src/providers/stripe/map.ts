import { at, candidatesAt, isObject, parseJson, textAt } from "../body.ts";
import type { JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";

/** Where contact data is, per object, best first; paths are below `data.object`. */
const paths = {
  email: ["email", "customer_details.email", "customer_email", "billing_details.email", "receipt_email"],
  phone: [
    "phone",
    "customer_details.phone",
    "customer_phone",
    "billing_details.phone",
    "shipping.phone",
    "customer_shipping.phone",
  ],
  fullName: [
    "individual_name",
    "customer_details.individual_name",
    "name",
    "customer_details.name",
    "customer_name",
    "billing_details.name",
    "shipping.name",
    "customer_shipping.name",
  ],
  language: ["preferred_locales.0", "customer_details.preferred_locales.0", "locale"],
  countryCode: [
    "address.country",
    "customer_details.address.country",
    "customer_address.country",
    "billing_details.address.country",
    "shipping.address.country",
    "customer_shipping.address.country",
  ],
} as const;

/** Objects whose `name`, `email` or `phone` are not a customer's: products, accounts, coupons and the like. */
const customerObjects = new Set([
  "customer",
  "checkout.session",
  "invoice",
  "charge",
  "payment_intent",
  "payment_method",
  "setup_intent",
  "quote",
  "subscription",
]);

export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  if (at(root, "object") === "v2.core.event") return { kind: "nothing", reason: "thin-event", root };
  const object = at(root, "data.object");
  if (!isObject(object)) return { kind: "nothing", reason: "no-object", root };
  if (object["deleted"] === true || event.type === "customer.deleted") {
    return { kind: "nothing", reason: "customer-deleted", root };
  }
  if (!customerObjects.has(textAt(object, "object") ?? "")) return { kind: "contact", root, candidates: {} };
  const find = (names: readonly string[]) =>
    candidatesAt(object, names).map(({ path, value }) => ({ path: `data.object.${path}`, value }));
  return {
    kind: "contact",
    root,
    candidates: {
      email: find(paths.email),
      phone: find(paths.phone),
      fullName: find(paths.fullName),
      // Checkout's "auto" follows the browser: it names no language.
      language: find(paths.language).filter((candidate) => candidate.value !== "auto"),
      countryCode: find(paths.countryCode),
    },
  };
}
