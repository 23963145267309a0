import type { ContactRef } from "../contact/contact-ref.ts";
import type { Store } from "../store/store.ts";
import type { ErasedAnswer } from "./schemas/contacts.ts";

/**
 * Erases a contact, or with `person` every reference that the API takes for the same one. The one that was named goes
 * last, because the others are known by it: an erasure that failed can be repeated.
 */
export async function eraseReferences(
  store: Pick<Store, "erase" | "mailbox">,
  contact: ContactRef,
  person: boolean,
): Promise<ErasedAnswer> {
  const { linked = [] } = await store.mailbox.read(contact, false);
  const erased = person ? [...linked, contact] : [contact];
  let events = 0;
  for (const one of erased) events += await store.erase(one);
  return { status: "erased", events, erased, linked: person ? [] : linked };
}

/** What the audit log keeps of it: nobody's name. */
export function describeErasure({ events, erased }: ErasedAnswer): string {
  const others = erased.length - 1;
  const beside = others === 0 ? "" : `, with ${others} linked ${others === 1 ? "reference" : "references"}`;
  return `${events} events spoke of it${beside}`;
}
