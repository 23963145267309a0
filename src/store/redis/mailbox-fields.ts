import type { Applied, FieldOrigin } from "../../contact/merge.ts";

/** The hash of a contact's fields as Redis lists it: what was applied, and whom the API took the contact for. */
export function readFields(flat: readonly string[]): { applied: Applied; contactId: number | undefined } {
  const applied = Object.create(null) as Record<string, FieldOrigin>;
  let contactId: number | undefined;
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const [name = "", text = ""] = flat.slice(index, index + 2);
    if (name === "contactId") contactId = Number(text);
    else applied[name] = JSON.parse(text) as FieldOrigin;
  }
  return { applied, contactId };
}
