import { candidatesAt, isObject, parseJson, textAt } from "../body.ts";
import type {
  Candidate,
  Candidates,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";
import { resourceOf } from "./resource.ts";

/** Block checkout saves an order while the form is being typed, and `order.updated` brings it. */
const draftStatuses = ["checkout-draft", "auto-draft", "draft"];

export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  const nothing = (reason: string): ProviderMapping => ({ kind: "nothing", reason, root });
  if (!isObject(root)) return nothing("not-an-object");
  switch (resourceOf(root)) {
    case "customer":
      return { kind: "contact", root, candidates: accountCandidates(root) };
    case "order":
      if (draftStatuses.includes(textAt(root, "status") ?? "")) return nothing("order-draft");
      return { kind: "contact", root, candidates: buyerCandidates(root) };
    case "product":
      return nothing("about-a-product");
    case "coupon":
      return nothing("about-a-coupon");
    case "deleted":
      return nothing("deleted");
    case "error":
      return nothing("error-instead-of-data");
    case "unknown":
      return { kind: "contact", root, candidates: {} };
  }
}

function accountCandidates(customer: JsonObject): Candidates {
  return {
    email: find(customer, "email", "billing.email"),
    phone: find(customer, "billing.phone"),
    ...namesOf(customer, ["", "billing."]),
    countryCode: find(customer, "billing.country", "shipping.country"),
    profilePic: find(customer, "avatar_url").filter(({ value }) => !isGravatar(value)),
  };
}

/**
 * An order speaks of who pays, a guest (`customer_id` 0) too. Whom it is shipped to may be somebody else: they count
 * only when nobody is billed, and then for everything.
 */
function buyerCandidates(order: JsonObject): Candidates {
  const own = ["email", "phone", "first_name", "last_name"].map((name) => `billing.${name}`);
  const isBilled = find(order, ...own).length > 0;
  const [person, other] = isBilled ? ["billing.", "shipping."] : ["shipping.", "billing."];
  return {
    email: find(order, "billing.email"),
    phone: find(order, `${person}phone`),
    ...namesOf(order, [person]),
    countryCode: find(order, `${person}country`, `${other}country`),
  };
}

/** The names of one person, so that nobody is given another's family name. */
function namesOf(root: JsonObject, people: readonly string[]): Pick<Candidates, "firstName" | "lastName"> {
  const named = people.map((person) => ({
    firstName: find(root, `${person}first_name`),
    lastName: find(root, `${person}last_name`),
  }));
  return (
    named.find(({ firstName }) => firstName.length > 0) ??
    named.find(({ lastName }) => lastName.length > 0) ??
    {}
  );
}

function find(root: JsonObject, ...paths: readonly string[]): Candidate[] {
  return candidatesAt(root, paths).filter(({ value }) => typeof value !== "object");
}

/**
 * WordPress gives everybody a Gravatar address; where no picture was uploaded there it shows a silhouette, and the
 * address does not tell which it is.
 */
function isGravatar(value: JsonValue): boolean {
  if (typeof value !== "string" || !URL.canParse(value, "https://shop.invalid")) return false;
  const { hostname } = new URL(value, "https://shop.invalid");
  return hostname === "gravatar.com" || hostname.endsWith(".gravatar.com");
}
