import { contactRef, identifierKinds, type ContactRef } from "../../contact/contact-ref.ts";
import { at, isObject } from "../body.ts";
import type { JsonObject, JsonValue } from "../provider.ts";

/** The contact that an event tells of; empty where it tells of none. */
export function contactOf(body: JsonValue): JsonObject {
  const contact = [at(body, "contact"), at(body, "data.contact")].find((one) => isObject(one));
  return isObject(contact) ? contact : {};
}

/** Everything that names the contact now. What cannot be read names nobody. */
export function referencesOf(body: JsonValue): ContactRef[] {
  const contact = contactOf(body);
  return identifierKinds.flatMap((kind) => {
    const value = Object.hasOwn(contact, kind) ? contact[kind] : undefined;
    return contactRef(kind, value) ?? [];
  });
}
