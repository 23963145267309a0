import { at, candidatesAt, isObject, parseJson, textAt } from "../body.ts";
import type { Candidate, CandidateField, JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";
import { privacyDeletion, workflow } from "./types.ts";

/**
 * HubSpot's names of a contact's properties, best first. `hs_calculated_…` repeats the number before it with its
 * country code.
 */
const propertiesOf = {
  firstName: ["firstname"],
  lastName: ["lastname"],
  email: ["email"],
  phone: ["phone", "hs_calculated_phone_number", "mobilephone", "hs_calculated_mobile_number"],
  language: ["hs_language"],
  countryCode: ["hs_country_region_code", "country"],
} as const satisfies Partial<Record<CandidateField, readonly string[]>>;

/** HubSpot's id of the kind of record that contacts are. */
const contactTypeId = "0-1";

/** An app's events name a record by HubSpot's id alone; only a workflow sends the record itself. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  if (event.type === privacyDeletion) {
    return { kind: "nothing", reason: "privacy-deletion-names-no-contact", root };
  }
  if (event.type !== workflow) return { kind: "nothing", reason: "thin-event", root };
  if (!isContact(root)) return { kind: "nothing", reason: "not-a-contact", root };
  if (at(root, "isDeleted") === true) return { kind: "nothing", reason: "contact-deleted", root };
  const find = (names: readonly string[]) => names.flatMap((name) => propertyAt(root, name));
  return {
    kind: "contact",
    root,
    candidates: {
      firstName: find(propertiesOf.firstName),
      lastName: find(propertiesOf.lastName),
      email: find(propertiesOf.email),
      phone: find(propertiesOf.phone),
      language: find(propertiesOf.language),
      countryCode: find(propertiesOf.countryCode),
    },
  };
}

/** A company has a phone and a country as well: they are nobody's. A contact in the older form says no type. */
function isContact(record: JsonValue): boolean {
  const typeId = textAt(record, "objectTypeId") ?? contactTypeId;
  const type = textAt(record, "objectType") ?? "CONTACT";
  return typeId === contactTypeId && type.toUpperCase() === "CONTACT";
}

/** `properties.email.value`, or `properties.email`; in a body made by the workflow's author, `email`. */
function propertyAt(record: JsonValue, name: string): readonly Candidate[] {
  const paths = isObject(at(record, "properties"))
    ? [`properties.${name}.value`, `properties.${name}`]
    : [name];
  return candidatesAt(record, paths).filter(
    ({ value }) => typeof value === "string" || typeof value === "number",
  );
}
