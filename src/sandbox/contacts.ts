import type { FieldValue } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";

/** A contact as the API holds it. */
export interface SandboxContact {
  readonly id: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly customFields: Readonly<Record<string, FieldValue>>;
  /** Requests that were applied to it. */
  readonly updates: number;
  /** The most requests that ever were on the wire at once for one of the identifiers it was updated by. */
  readonly maxInFlight: number;
}

interface Held {
  readonly id: number;
  /** Contacts are numbered as they come: of duplicates the first one is updated. */
  readonly order: number;
  readonly core: Map<string, FieldValue>;
  readonly custom: Map<string, FieldValue>;
  readonly updatedBy: Set<ContactRef>;
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

/**
 * Contacts by any identifier they have at the moment: `phone:` and `email:` name the same one as soon as it has both,
 * and a number that was replaced names nobody.
 *
 * @param mostInFlight how many requests were on the wire at once for an identifier
 */
export function createContacts(mostInFlight: (ref: ContactRef) => number = () => 0): Contacts {
  let all: Held[] = [];
  let byId = new Map<number, Held>();
  let byIdentifier = new Map<string, Held[]>();
  let nextId = 1;

  const view = (contact: Held): SandboxContact => ({
    id: contact.id,
    fields: Object.fromEntries(contact.core),
    customFields: Object.fromEntries(contact.custom),
    updates: contact.updates,
    maxInFlight: Math.max(0, ...[...contact.updatedBy].map(mostInFlight)),
  });

  function held(ref: ContactRef): Held | undefined {
    return ref.startsWith("id:") ? byId.get(Number(ref.slice(3))) : byIdentifier.get(ref)?.[0];
  }

  function create(ref: ContactRef): Held {
    const [kind, value] = [ref.slice(0, ref.indexOf(":")), ref.slice(ref.indexOf(":") + 1)];
    while (byId.has(nextId)) nextId += 1;
    const contact: Held = {
      id: kind === "id" ? Number(value) : nextId,
      order: all.length,
      core: new Map(),
      custom: new Map(),
      updatedBy: new Set(),
      updates: 0,
    };
    all.push(contact);
    byId.set(contact.id, contact);
    if (kind !== "id") setCore(contact, kind, value);
    return contact;
  }

  function setCore(contact: Held, field: string, value: FieldValue): void {
    const before = identifier(field, contact.core.get(field));
    const after = identifier(field, value);
    contact.core.set(field, value);
    if (before === after) return;
    if (before !== undefined) {
      const others = (byIdentifier.get(before) ?? []).filter((one) => one !== contact);
      if (others.length > 0) byIdentifier.set(before, others);
      else byIdentifier.delete(before);
    }
    if (after !== undefined) {
      const those = [...(byIdentifier.get(after) ?? []), contact];
      byIdentifier.set(
        after,
        those.sort((a, b) => a.order - b.order),
      );
    }
  }

  return {
    apply(ref, core, custom) {
      const contact = held(ref) ?? create(ref);
      for (const [field, value] of core) setCore(contact, field, value);
      for (const [name, value] of custom) contact.custom.set(name, value);
      contact.updates += 1;
      contact.updatedBy.add(ref);
      return contact.id;
    },
    find(ref) {
      const contact = held(ref);
      return contact && view(contact);
    },
    all: () => all.map(view),
    clear() {
      all = [];
      byId = new Map();
      byIdentifier = new Map();
      nextId = 1;
    },
  };
}

function identifier(field: string, value: FieldValue | undefined): string | undefined {
  if ((field !== "phone" && field !== "email") || typeof value !== "string") return undefined;
  return `${field}:${value.toLowerCase()}`;
}
