import { at, candidatesAt, isObject, parseJson, textAt } from "../body.ts";
import type {
  Candidate,
  Candidates,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";

/** A `name` or `phone` of its own is a person's on a customer alone: elsewhere it is a product's or an account's. */
const customerPaths = {
  email: ["email"],
  phone: ["phone", "shipping.phone"],
  fullName: ["individual_name", "name", "shipping.name"],
  language: ["preferred_locales.0", "preferred_locales.1"],
  countryCode: ["address.country", "shipping.address.country"],
} as const;

/** What any other object says of the customer, best first. */
const customerOfPaths = {
  email: [
    "customer_details.email",
    "customer_email",
    "billing_details.email",
    "charges.data.0.billing_details.email",
    "receipt_email",
  ],
  phone: [
    "customer_details.phone",
    "customer_phone",
    "billing_details.phone",
    "charges.data.0.billing_details.phone",
    "customer_shipping.phone",
  ],
  fullName: [
    "customer_details.individual_name",
    "customer_details.name",
    "customer_name",
    "billing_details.name",
    "charges.data.0.billing_details.name",
    "customer_shipping.name",
  ],
  language: ["locale"],
  countryCode: [
    "customer_details.address.country",
    "customer_address.country",
    "billing_details.address.country",
    "charges.data.0.billing_details.address.country",
    "customer_shipping.address.country",
    "shipping.address.country",
  ],
} as const;

/** The root is the whole event; contact data is below its `data.object`. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  if (at(root, "object") === "v2.core.event") return { kind: "nothing", reason: "thin-event", root };
  const object = at(root, "data.object");
  if (!isObject(object)) return { kind: "nothing", reason: "no-object", root };
  if (isDeletedCustomer(object, event.type)) return { kind: "nothing", reason: "customer-deleted", root };
  return { kind: "contact", root, candidates: candidatesOf(object), ...formerOf(root, object) };
}

/** `customer.updated` says what its attributes were before: the contact is known by them until this update is there. */
function formerOf(root: JsonValue, object: JsonObject): Pick<Contact, "was"> {
  if (textAt(object, "object") !== "customer") return {};
  const find = (name: string) => candidatesAt(root, [`data.previous_attributes.${name}`]);
  return { was: { email: find("email"), phone: find("phone"), countryCode: find("address.country") } };
}

type Contact = Extract<ProviderMapping, { kind: "contact" }>;

function isDeletedCustomer(object: JsonObject, type: string): boolean {
  return (
    type === "customer.deleted" || (textAt(object, "object") === "customer" && object["deleted"] === true)
  );
}

function candidatesOf(object: JsonObject): Candidates {
  const paths = textAt(object, "object") === "customer" ? customerPaths : customerOfPaths;
  const find = (names: readonly string[]) =>
    candidatesAt(object, names).map(({ path, value }) => ({ path: `data.object.${path}`, value }));
  const [email, phone, fullName] = [find(paths.email), find(paths.phone), find(paths.fullName)];
  const named = email.length + phone.length + fullName.length > 0;
  const recipient = named ? noRecipient : recipientOf(object);
  return {
    email,
    phone: [...phone, ...find(recipient.phone)],
    fullName: [...fullName, ...find(recipient.fullName)].filter(
      (candidate) => !isBusiness(candidate, object),
    ),
    // Checkout's "auto" follows the browser: it names no language.
    language: find(paths.language).filter((candidate) => candidate.value !== "auto"),
    countryCode: find(paths.countryCode),
  };
}

const noRecipient = { phone: [], fullName: [] } as const;

/**
 * Stripe documents `shipping` of a payment as the recipient's, who could be another contact than the payer: name and
 * phone count only when nothing says who paid.
 */
function recipientOf(object: JsonObject): { phone: readonly string[]; fullName: readonly string[] } {
  const kind = textAt(object, "object");
  const isPayment = kind === "payment_intent" || kind === "charge";
  return isPayment ? { phone: ["shipping.phone"], fullName: ["shipping.name"] } : noRecipient;
}

/** `name` repeats `business_name` where a business is the customer: that is no person. */
function isBusiness(candidate: Candidate, object: JsonObject): boolean {
  const names = ["business_name", "customer_details.business_name"].map((path) => at(object, path));
  return names.includes(candidate.value);
}
