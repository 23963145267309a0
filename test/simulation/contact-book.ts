import { patchEntries, type ContactPatch, type FieldValue } from "../../src/contact/contact-patch.ts";

/** A contact as the simulated API holds it. */
export interface BookContact {
  readonly id: number;
  readonly fields: Map<string, FieldValue>;
}

export type BookAnswer =
  | { kind: "ok"; contactId: number }
  | { kind: "not-found" }
  | { kind: "nameless" }
  | { kind: "taken"; contactId: number };

/** The API's contacts, by whatever names they have at the moment. */
export interface ContactBook {
  put(ref: string, patch: ContactPatch): BookAnswer;
  create(ref: string, patch: ContactPatch): BookAnswer;
  find(ref: string): BookContact | undefined;
  all(): readonly BookContact[];
  add(names: readonly string[]): BookContact;
  /** The one that came first stays, with its own values where both have one; the other's id vanishes. */
  merge(one: string, other: string): void;
  /** A name becomes that of a contact of its own, which begins with what the other has. */
  split(ref: string): void;
}

/** @param makes contacts that are asked for by an id are there */
export function createContactBook(makes: boolean): ContactBook {
  let contacts: BookContact[] = [];
  let lastId = 1_000;

  const has = (contact: BookContact, ref: string) => {
    const colon = ref.indexOf(":");
    const [kind, value] = [ref.slice(0, colon), ref.slice(colon + 1)];
    return kind === "id" ? String(contact.id) === value : contact.fields.get(kind) === value;
  };
  const find = (ref: string) => contacts.find((contact) => has(contact, ref));
  const namesIn = (patch: ContactPatch) =>
    (["phone", "email"] as const).flatMap((kind) =>
      typeof patch[kind] === "string" ? [`${kind}:${patch[kind]}`] : [],
    );

  function add(names: readonly string[], id = (lastId += 1)): BookContact {
    const fields = new Map<string, FieldValue>();
    for (const name of names) {
      const colon = name.indexOf(":");
      if (!name.startsWith("id:")) fields.set(name.slice(0, colon), name.slice(colon + 1));
    }
    const contact = { id, fields };
    contacts.push(contact);
    return contact;
  }

  function write(contact: BookContact, patch: ContactPatch): BookAnswer {
    const owner = namesIn(patch)
      .map(find)
      .find((other) => other && other !== contact);
    if (owner) return { kind: "taken", contactId: owner.id };
    for (const [field, value] of patchEntries(patch)) contact.fields.set(field, value);
    return { kind: "ok", contactId: contact.id };
  }

  return {
    find,
    all: () => contacts,
    add,
    put(ref, patch) {
      const contact =
        find(ref) ?? (makes && ref.startsWith("id:") ? add([], Number(ref.slice(3))) : undefined);
      return contact ? write(contact, patch) : { kind: "not-found" };
    },
    create(ref, patch) {
      const known = [ref, ...namesIn(patch)].map(find).find((contact) => contact !== undefined);
      if (!known && typeof patch.firstName !== "string") return { kind: "nameless" };
      return write(known ?? add([ref]), patch);
    },
    merge(one, other) {
      const both = contacts.filter((contact) => has(contact, one) || has(contact, other));
      const [kept, gone] = both;
      if (!kept || !gone) return;
      contacts = contacts.filter((contact) => contact !== gone);
      for (const [field, value] of gone.fields) if (!kept.fields.has(field)) kept.fields.set(field, value);
    },
    split(ref) {
      const contact = find(ref);
      const kind = ref.slice(0, ref.indexOf(":"));
      if (!contact || kind === "id") return;
      contact.fields.delete(kind);
      const own = add([ref]);
      for (const [field, value] of contact.fields) {
        if (field !== "phone" && field !== "email") own.fields.set(field, value);
      }
    },
  };
}
