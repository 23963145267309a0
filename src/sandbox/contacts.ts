import type { FieldValue } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";

/** A contact as the API holds it. */
export interface SandboxContact {
  readonly id: number;
  /** Everything that names it now: its id, its phone and e-mail, and those it took over from merged contacts. */
  readonly references: readonly ContactRef[];
  /** In milliseconds since the epoch. */
  readonly createdAt: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly customFields: Readonly<Record<string, FieldValue>>;
  /** Requests that were applied to it. */
  readonly updates: number;
  /** The most requests that ever were on the wire at once for one of the identifiers it was updated by. */
  readonly maxInFlight: number;
}

interface Held {
  readonly id: number;
  readonly createdAt: number;
  /** References of contacts that were merged into it, beside its own phone and e-mail. */
  readonly takenOver: Set<ContactRef>;
  /** Contacts are numbered as they come: of duplicates the first one is updated. */
  readonly order: number;
  readonly core: Map<string, FieldValue>;
  readonly custom: Map<string, FieldValue>;
  readonly updatedBy: Set<ContactRef>;
  updates: number;
}

type Fields = ReadonlyMap<string, FieldValue>;

export interface Contacts {
  /** Changes whom a reference names; whom it does not name yet is created. */
  apply(ref: ContactRef, core: Fields, custom: Fields): number;
  create(core: Fields, custom: Fields): SandboxContact;
  find(ref: ContactRef): SandboxContact | undefined;
  /** The first identifier among the fields that another contact than `id` has. */
  taken(core: Fields, id: number | undefined): { field: "phone" | "email"; by: number } | undefined;
  /** The older of the two stays, with everything that named either; the other's id names nobody any more. */
  merge(a: ContactRef, b: ContactRef): SandboxContact | undefined;
  /** A phone or e-mail leaves its contact and becomes one of its own. Undefined where it names nobody. */
  split(ref: ContactRef): SandboxContact | undefined;
  remove(ref: ContactRef): boolean;
  /** Whether it is the id of a contact that was merged away or deleted. */
  isGone(ref: ContactRef): boolean;
  all(): SandboxContact[];
  clear(): void;
}

/**
 * Contacts by any identifier they have at the moment: `phone:` and `email:` name the same one as soon as it has both,
 * and a number that was replaced names nobody.
 *
 * @param mostInFlight how many requests were on the wire at once for an identifier
 */
export function createContacts(
  mostInFlight: (ref: ContactRef) => number = () => 0,
  clock: () => number = Date.now,
): Contacts {
  let all: Held[] = [];
  let byId = new Map<number, Held>();
  let byIdentifier = new Map<ContactRef, Held[]>();
  let gone = new Set<number>();
  /** Never set back: whoever has seen an id would take the next contact with it for the same person. */
  let nextId = 1;
  let nextOrder = 0;

  const view = (contact: Held): SandboxContact => ({
    id: contact.id,
    references: referencesOf(contact),
    createdAt: contact.createdAt,
    fields: Object.fromEntries(contact.core),
    customFields: Object.fromEntries(contact.custom),
    updates: contact.updates,
    maxInFlight: Math.max(0, ...[...contact.updatedBy].map(mostInFlight)),
  });

  function held(ref: ContactRef): Held | undefined {
    return ref.startsWith("id:") ? byId.get(Number(ref.slice(3))) : byIdentifier.get(ref)?.[0];
  }

  function ownId(): number {
    while (byId.has(nextId) || gone.has(nextId)) nextId += 1;
    nextId += 1;
    return nextId - 1;
  }

  function add(id = ownId()): Held {
    const contact: Held = {
      id,
      createdAt: clock(),
      takenOver: new Set(),
      order: nextOrder,
      core: new Map(),
      custom: new Map(),
      updatedBy: new Set(),
      updates: 0,
    };
    nextOrder += 1;
    all.push(contact);
    byId.set(contact.id, contact);
    return contact;
  }

  function createNamed(ref: ContactRef): Held {
    const [kind, value] = [ref.slice(0, ref.indexOf(":")), ref.slice(ref.indexOf(":") + 1)];
    const contact = add(kind === "id" ? Number(value) : undefined);
    if (kind !== "id") setCore(contact, kind, value);
    return contact;
  }

  function setCore(contact: Held, field: string, value: FieldValue): void {
    const before = identifier(field, contact.core.get(field));
    const after = identifier(field, value);
    contact.core.set(field, value);
    if (before === after) return;
    if (before !== undefined) unname(contact, before);
    if (after !== undefined) name(contact, after);
  }

  function name(contact: Held, ref: ContactRef): void {
    contact.takenOver.delete(ref);
    const those = new Set([...(byIdentifier.get(ref) ?? []), contact]);
    byIdentifier.set(
      ref,
      [...those].sort((a, b) => a.order - b.order),
    );
  }

  function unname(contact: Held, ref: ContactRef): void {
    contact.takenOver.delete(ref);
    const others = (byIdentifier.get(ref) ?? []).filter((one) => one !== contact);
    if (others.length > 0) byIdentifier.set(ref, others);
    else byIdentifier.delete(ref);
  }

  function removeHeld(contact: Held): void {
    for (const ref of referencesOf(contact)) if (!ref.startsWith("id:")) unname(contact, ref);
    all = all.filter((one) => one !== contact);
    byId.delete(contact.id);
    gone.add(contact.id);
  }

  /** What the older one has not is taken from the other. */
  function takeOver(into: Held, from: Held): void {
    const references = referencesOf(from).filter((ref) => !ref.startsWith("id:"));
    removeHeld(from);
    for (const [field, value] of from.core) {
      if ((into.core.get(field) ?? null) === null) setCore(into, field, value);
    }
    for (const [field, value] of from.custom) if (!into.custom.has(field)) into.custom.set(field, value);
    const own = new Set(referencesOf(into));
    for (const ref of references) {
      if (own.has(ref)) continue;
      name(into, ref);
      into.takenOver.add(ref);
    }
    for (const ref of from.updatedBy) into.updatedBy.add(ref);
    into.updates += from.updates;
  }

  function change(contact: Held, core: Fields, custom: Fields): void {
    for (const [field, value] of core) setCore(contact, field, value);
    for (const [field, value] of custom) contact.custom.set(field, value);
  }

  return {
    apply(ref, core, custom) {
      const contact = held(ref) ?? createNamed(ref);
      change(contact, core, custom);
      contact.updates += 1;
      contact.updatedBy.add(ref);
      return contact.id;
    },
    create(core, custom) {
      const contact = add();
      change(contact, core, custom);
      return view(contact);
    },
    find(ref) {
      const contact = held(ref);
      return contact && view(contact);
    },
    taken(core, id) {
      for (const field of ["phone", "email"] as const) {
        const ref = identifier(field, core.get(field));
        const owners = ref === undefined ? [] : (byIdentifier.get(ref) ?? []);
        const [other] = owners.some((owner) => owner.id === id) ? [] : owners;
        if (other) return { field, by: other.id };
      }
      return undefined;
    },
    merge(a, b) {
      const [older, newer] = [held(a), held(b)].sort((one, other) => (one?.order ?? 0) - (other?.order ?? 0));
      if (!older || !newer) return undefined;
      if (older !== newer) takeOver(older, newer);
      return view(older);
    },
    split(ref) {
      const contact = ref.startsWith("id:") ? undefined : held(ref);
      if (!contact) return undefined;
      const field = ref.slice(0, ref.indexOf(":"));
      if (identifier(field, contact.core.get(field)) === ref) contact.core.delete(field);
      unname(contact, ref);
      return view(createNamed(ref));
    },
    remove(ref) {
      const contact = held(ref);
      if (contact) removeHeld(contact);
      return contact !== undefined;
    },
    isGone: (ref) => ref.startsWith("id:") && gone.has(Number(ref.slice(3))),
    all: () => all.map(view),
    clear() {
      all = [];
      byId = new Map();
      byIdentifier = new Map();
      gone = new Set();
      nextOrder = 0;
    },
  };
}

function referencesOf(contact: Held): ContactRef[] {
  const own = [...contact.core].flatMap(([field, value]) => identifier(field, value) ?? []);
  return [`id:${contact.id}`, ...own, ...contact.takenOver];
}

function identifier(field: string, value: FieldValue | undefined): ContactRef | undefined {
  if ((field !== "phone" && field !== "email") || typeof value !== "string") return undefined;
  return `${field}:${value.toLowerCase()}`;
}
