import { normalizeCountry } from "../contact/normalize.ts";
import type { Candidate, Candidates } from "../providers/provider.ts";

/** A country that the payload names, and how to tell a person where. */
export interface NamedCountry {
  /** ISO 3166-1 alpha-2. */
  readonly code: string;
  /** Completes "the country": `at billing_address.country_code`. */
  readonly from: string;
}

/** The countries of one payload. */
export interface Countries {
  /** The contact's own. */
  readonly own: NamedCountry | undefined;
  /** Of the address in which the value at this path stands, else the contact's own. */
  beside(path: string): NamedCountry | undefined;
}

/** @param mapped the country that the source's own mapping gives, which is the contact's */
export function countriesOf(candidates: Candidates, mapped: NamedCountry | undefined): Countries {
  const named = candidates.countryCode ?? [];
  const own = mapped ?? first(named);
  return {
    own,
    beside(path) {
      const place = placeOf(path);
      if (place === "") return own;
      const same = named.filter((country) => placeOf(country.path) === place);
      return first(same) ?? first(named.filter((country) => country.path.startsWith(place))) ?? own;
    },
  };
}

function first(candidates: readonly Candidate[]): NamedCountry | undefined {
  for (const { path, value } of candidates) {
    const country = normalizeCountry(value);
    if (country.ok) return { code: country.value, from: `at ${path}` };
  }
  return undefined;
}

/** `billing_address.` of `billing_address.phone`; empty for what stands at the top. */
function placeOf(path: string): string {
  return path.slice(0, path.lastIndexOf(".") + 1);
}
