import type { Candidate, Candidates } from "../provider.ts";

/** Who may be named in a resource, the buyer first; whom it is shipped to only when nobody else is. */
const people = [
  "",
  "customer.",
  "billing_address.",
  "billingAddress.",
  "default_address.",
  "defaultAddress.",
  "customer.default_address.",
  "customer.defaultAddress.",
  "shipping_address.",
  "shippingAddress.",
];

/**
 * The names of one person: the first who has a given name, so that nobody is given another's family name. Shopify
 * keeps a single name as `last_name`, which then is no first name. Beside a first name the full ones are its fallback.
 */
export function namesOf(
  find: (names: readonly string[]) => Candidate[],
): Pick<Candidates, "firstName" | "lastName" | "fullName"> {
  const named = people.map((person) => ({
    firstName: find([`${person}first_name`, `${person}firstName`]),
    lastName: find([`${person}last_name`, `${person}lastName`]),
    fullName: find(fullNamePaths(person)).filter(isName),
  }));
  const called = named.find(({ firstName, lastName, fullName }) =>
    lastName.length > 0 ? firstName.length > 0 : firstName.length + fullName.length > 0,
  );
  if (called === undefined) return { lastName: named.flatMap(({ lastName }) => lastName) };
  if (called.firstName.length === 0) return { fullName: called.fullName };
  return { ...called, fullName: named.flatMap(({ fullName }) => fullName) };
}

/** An order's own `name` is its number; only people and their addresses have names. */
function fullNamePaths(person: string): readonly string[] {
  return person === "" || person === "customer." ? [`${person}displayName`] : [`${person}name`];
}

/** Shopify documents that `displayName` falls back to the e-mail address, then to the phone number. */
function isName({ value }: Candidate): boolean {
  return typeof value === "string" && /\p{L}/u.test(value) && !value.includes("@");
}
