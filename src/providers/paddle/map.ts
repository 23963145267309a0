import { at, candidatesAt, isObject, parseJson, textAt } from "../body.ts";
import type { Candidate, Candidates, JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";

/** What is sold and how, and the account itself: nobody's contact data. */
const aboutNobody = new Set([
  "product",
  "price",
  "discount",
  "discount_group",
  "payout",
  "report",
  "api_key",
  "api_key_exposure",
  "client_token",
]);

/** The root is the whole event; what it is about stands under `data`. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  if (!isObject(at(root, "data"))) return { kind: "nothing", reason: "no-data", root };
  const [entity = ""] = (textAt(root, "event_type") ?? "").split(".", 1);
  if (aboutNobody.has(entity)) return { kind: "nothing", reason: "not-about-a-person", root };
  return { kind: "contact", root, candidates: entity === "customer" ? customerCandidates(root) : {} };
}

/**
 * Only a customer's own events hold who it is. Transactions, subscriptions, payment methods and adjustments name its
 * id; an address names nobody; a business lists any number of people, none of them its customer for sure.
 */
function customerCandidates(root: JsonValue): Candidates {
  const find = (path: string): Candidate[] =>
    candidatesAt(root, [path]).filter(({ value }) => typeof value !== "object");
  return { email: find("data.email"), fullName: find("data.name"), language: find("data.locale") };
}
