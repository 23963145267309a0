import type { ContactRef } from "./contact-ref.ts";
import type { ContactUpdate } from "./event.ts";

/** Stands in the id of an update that was not found by what it first named, and before that reference. */
const mark = ">";

/**
 * The same update for the next identifier that it carries itself, for a contact that the API does not find by this one;
 * undefined when there is none left to try. It goes through that contact's own mailbox, so that it is in order with what
 * else is known of it there. Trying it twice makes the same update.
 */
export function nextAddress(update: ContactUpdate): ContactUpdate | undefined {
  const { named, firstNamed } = parts(update);
  const carried = carriedBy(update);
  // A name that it does not carry was found for it when all that it carries had been tried.
  if (firstNamed !== undefined && !carried.includes(update.contact)) return undefined;
  const behind = carried.slice(firstNamed === undefined ? 0 : carried.indexOf(update.contact) + 1);
  const next = behind.find((ref) => ref !== update.contact && ref !== firstNamed);
  if (next === undefined) return undefined;
  return { ...update, id: `${named}${mark}${firstNamed ?? update.contact}`, contact: next };
}

/** The same for a contact of which it is known that it has another name now. */
export function renamedAddress(update: ContactUpdate, name: ContactRef): ContactUpdate | undefined {
  const { named, firstNamed } = parts(update);
  if (name === update.contact || name === firstNamed) return undefined;
  return { ...update, id: `${named}${mark}${firstNamed ?? update.contact}`, contact: name };
}

/** The update as it was before it was tried by other identifiers: a retry begins anew. */
export function asFirstNamed(update: ContactUpdate): ContactUpdate {
  const { named, firstNamed } = parts(update);
  return firstNamed === undefined ? update : { ...update, id: named, contact: firstNamed };
}

/** Whatever the contact of an update may be found by. */
export function namesOf(update: ContactUpdate): ContactRef[] {
  const { firstNamed } = parts(update);
  return [update.contact, ...(firstNamed === undefined ? [] : [firstNamed]), ...carriedBy(update)];
}

/** What an update was first named by, where the same update gives the contact this name. */
export function formerNames(update: ContactUpdate): ContactRef[] {
  const { firstNamed } = parts(update);
  return firstNamed !== undefined && carriedBy(update).includes(firstNamed) ? [firstNamed] : [];
}

function carriedBy({ patch }: ContactUpdate): ContactRef[] {
  const { phone, email } = patch;
  return [
    ...(typeof phone === "string" ? [`phone:${phone}` as const] : []),
    ...(typeof email === "string" ? [`email:${email}` as const] : []),
  ];
}

function parts({ id }: ContactUpdate): { named: string; firstNamed: ContactRef | undefined } {
  const at = id.indexOf(mark);
  if (at === -1) return { named: id, firstNamed: undefined };
  return { named: id.slice(0, at), firstNamed: id.slice(at + 1) as ContactRef };
}
