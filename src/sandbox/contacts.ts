import type { FieldValue } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";

/** A contact as the API holds it. */
export interface SandboxContact {
  readonly id: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly customFields: Readonly<Record<string, FieldValue>>;
  /** Requests that were applied to it. */
  readonly updates: number;
}

interface Held {
  readonly id: number;
  readonly core: Map<string, FieldValue>;
  readonly custom: Map<string, FieldValue>;
  updates: number;
}

export interface Contacts {
  apply(
    ref: ContactRef,
    core: ReadonlyMap<string, FieldValue>,
    custom: ReadonlyMap<string, FieldValue>,
  ): number;
  find(ref: ContactRef): SandboxContact | undefined;
  all(): SandboxContact[];
  clear(): void;
}

/** Contacts by any of their identifiers: once one has both, `phone:` and `email:` name the same. */
export function createContacts(): Contacts {
  let held: Held[] = [];
  let index = new Map<string, Held>();

  const view = (contact: Held): SandboxContact => ({
    id: contact.id,
    fields: Object.fromEntries(contact.core),
    customFields: Object.fromEntries(contact.custom),
    updates: contact.updates,
  });

  function create(ref: ContactRef): Held {
    const wanted = ref.startsWith("id:") ? Number(ref.slice(3)) : held.length + 1;
    const contact: Held = { id: wanted, core: new Map(), custom: new Map(), updates: 0 };
    const [kind, value] = [ref.slice(0, ref.indexOf(":")), ref.slice(ref.indexOf(":") + 1)];
    if (kind !== "id") contact.core.set(kind, value);
    held.push(contact);
    index.set(ref, contact);
    return contact;
  }

  return {
    apply(ref, core, custom) {
      const contact = index.get(ref) ?? create(ref);
      for (const [field, value] of core) contact.core.set(field, value);
      for (const [name, value] of custom) contact.custom.set(name, value);
      contact.updates += 1;
      index.set(`id:${contact.id}`, contact);
      for (const kind of ["phone", "email"]) {
        const value = contact.core.get(kind);
        // The first contact keeps an identifier that another one takes too.
        if (typeof value === "string" && !index.has(`${kind}:${value}`))
          index.set(`${kind}:${value}`, contact);
      }
      return contact.id;
    },
    find(ref) {
      const contact = index.get(ref);
      return contact && view(contact);
    },
    all: () => held.map(view),
    clear() {
      held = [];
      index = new Map();
    },
  };
}
