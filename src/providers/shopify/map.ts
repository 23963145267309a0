import { at, candidatesAt, isObject, parseJson } from "../body.ts";
import type {
  Candidate,
  Candidates,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";
import { privacyRequest } from "./privacy.ts";
import { namesOf } from "./names.ts";
import { resourcePrefix } from "./resource.ts";

/**
 * Where the buyer's data is, best first. A shipping address may be somebody else's: it never names the contact, and
 * speaks of the country only when nothing else does. GraphQL-shaped payloads are in camel case.
 */
const paths = {
  email: [
    "email",
    "contact_email",
    "email_address",
    "defaultEmailAddress.emailAddress",
    "emailAddress.emailAddress",
    "emailAddress",
    "customer.email",
    "customer.defaultEmailAddress.emailAddress",
    "billing_address.email",
  ],
  phone: [
    "phone",
    "sms_marketing_phone",
    "defaultPhoneNumber.phoneNumber",
    "phoneNumber.phoneNumber",
    "phoneNumber",
    "customer.phone",
    "customer.defaultPhoneNumber.phoneNumber",
    "billing_address.phone",
    "billingAddress.phone",
    "default_address.phone",
    "defaultAddress.phone",
    "customer.default_address.phone",
    "customer.defaultAddress.phone",
  ],
  language: ["customer_locale", "customerLocale", "locale", "customer.locale"],
  countryCode: [
    "billing_address.country_code",
    "billingAddress.countryCodeV2",
    "default_address.country_code",
    "defaultAddress.countryCodeV2",
    "customer.default_address.country_code",
    "customer.defaultAddress.countryCodeV2",
    "billing_address.country",
    "billingAddress.country",
    "default_address.country",
    "defaultAddress.country",
    "customer.default_address.country",
    "customer.defaultAddress.country",
    "shipping_address.country_code",
    "shippingAddress.countryCodeV2",
    "shipping_address.country",
    "shippingAddress.country",
  ],
} as const;

export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  if (!isObject(root)) return { kind: "nothing", reason: "not-an-object", root };
  const request = privacyRequest(root);
  if (request) return request;
  if (isTheShop(root)) return { kind: "nothing", reason: "about-the-shop", root };
  return { kind: "contact", root, candidates: candidatesOf(root) };
}

function candidatesOf(root: JsonObject): Candidates {
  const prefix = resourcePrefix(root);
  if (isPlace(root, prefix)) return {};
  const find = (names: readonly string[]): Candidate[] =>
    candidatesAt(
      root,
      names.map((name) => prefix + name),
    ).filter(({ value }) => typeof value !== "object");
  return {
    email: find(paths.email),
    phone: find(paths.phone),
    ...namesOf(find),
    language: find(paths.language),
    countryCode: find(paths.countryCode),
  };
}

/** The shop itself (`shop/update`, `app/uninstalled`): its e-mail and phone are the merchant's, not a customer's. */
function isTheShop(body: JsonObject): boolean {
  return Object.hasOwn(body, "myshopify_domain");
}

/** `locations/*`, `company_locations/*`: their phone rings in a place. The signed body says what it is about. */
function isPlace(root: JsonObject, prefix: string): boolean {
  const ids = [at(root, `${prefix}admin_graphql_api_id`), at(root, `${prefix}id`)];
  return ids.some((id) => typeof id === "string" && /^gid:\/\/shopify\/(?:Company)?Location\//.test(id));
}
