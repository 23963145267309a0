import { at, candidatesAt, isObject, parseJson, textAt } from "../body.ts";
import type { JsonObject, JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";

/**
 * Where the buyer's data is, best first. A shipping address may be somebody else's: it never names the contact, and
 * speaks of name and country only when nothing else does. GraphQL-shaped payloads are in camel case.
 */
const paths = {
  email: [
    "email",
    "contact_email",
    "email_address",
    "customer.email",
    "defaultEmailAddress.emailAddress",
    "customer.defaultEmailAddress.emailAddress",
    "billing_address.email",
  ],
  phone: [
    "phone",
    "sms_marketing_phone",
    "customer.phone",
    "defaultPhoneNumber.phoneNumber",
    "customer.defaultPhoneNumber.phoneNumber",
    "billing_address.phone",
    "default_address.phone",
    "customer.default_address.phone",
    "defaultAddress.phone",
  ],
  firstName: [
    "first_name",
    "customer.first_name",
    "firstName",
    "customer.firstName",
    "billing_address.first_name",
    "default_address.first_name",
    "customer.default_address.first_name",
    "shipping_address.first_name",
  ],
  lastName: [
    "last_name",
    "customer.last_name",
    "lastName",
    "customer.lastName",
    "billing_address.last_name",
    "default_address.last_name",
    "customer.default_address.last_name",
    "shipping_address.last_name",
  ],
  fullName: ["displayName", "customer.displayName", "billing_address.name", "default_address.name"],
  language: ["customer_locale", "customerLocale", "locale", "customer.locale"],
  countryCode: [
    "billing_address.country_code",
    "default_address.country_code",
    "customer.default_address.country_code",
    "billingAddress.countryCodeV2",
    "defaultAddress.countryCodeV2",
    "customer.defaultAddress.countryCodeV2",
    "billing_address.country",
    "default_address.country",
    "shipping_address.country_code",
  ],
} as const;

/** The shop itself (`shop/update`, `app/uninstalled`): its e-mail and phone are the merchant's, not a customer's. */
function isTheShop(body: JsonObject): boolean {
  return Object.hasOwn(body, "myshopify_domain");
}

export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  if (!isObject(root)) return { kind: "nothing", reason: "not-an-object", root };
  const request = privacyRequest(root);
  if (request) return request;
  if (isTheShop(root)) return { kind: "nothing", reason: "about-the-shop", root };
  const wrapper = wrapperOf(root);
  const resource = wrapper === undefined ? root : at(root, wrapper);
  const find = (names: readonly string[]) =>
    candidatesAt(resource ?? null, names).map(({ path, value }) => ({
      path: wrapper === undefined ? path : `${wrapper}.${path}`,
      value,
    }));
  return {
    kind: "contact",
    root,
    candidates: Object.fromEntries(Object.entries(paths).map(([field, names]) => [field, find(names)])),
  };
}

/** REST resources come as `{"customer": {…}}`; a webhook's body is the inner object. */
function wrapperOf(root: JsonObject): string | undefined {
  const [only, ...others] = Object.keys(root);
  if (only === undefined || others.length > 0) return undefined;
  return ["customer", "order", "checkout", "draft_order"].find((name) => name === only);
}

/**
 * The privacy topics by the shape of the signed body: the topic header is not signed, and a forged one must not erase
 * anybody. All carry `shop_id` and `shop_domain`; only the redaction of a customer names `orders_to_redact`.
 */
function privacyRequest(root: JsonObject): ProviderMapping | undefined {
  if (textAt(root, "shop_domain") === undefined || root["shop_id"] === undefined) return undefined;
  const customer = root["customer"];
  if (isObject(customer) && Array.isArray(root["orders_to_redact"])) {
    const phone = textAt(customer, "phone");
    const email = textAt(customer, "email");
    return {
      kind: "erase",
      root,
      phones: phone === undefined ? [] : [phone],
      emails: email === undefined ? [] : [email],
    };
  }
  if (isObject(customer) && Array.isArray(root["orders_requested"])) {
    return { kind: "nothing", reason: "privacy-data-request", root };
  }
  const others = Object.keys(root).filter((key) => key !== "shop_id" && key !== "shop_domain");
  return others.length === 0 ? { kind: "nothing", reason: "privacy-shop-redact", root } : undefined;
}
