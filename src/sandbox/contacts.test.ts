import { expect, it } from "vitest";
import type { FieldValue } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import { createContacts, type Contacts } from "./contacts.ts";

const put = (contacts: Contacts, ref: ContactRef, fields: Record<string, FieldValue> = {}) =>
  contacts.apply(ref, new Map(Object.entries(fields)), new Map());

const [ann, bob] = ["email:ann@example.com", "email:bob@example.com"] as const;
const [one, two] = ["phone:+60123456781", "phone:+60123456782"] as const;

it("a contact has every identifier it was given, in any case of its e-mail", () => {
  const contacts = createContacts();
  const id = put(contacts, one, { email: "Ann@Example.com" });
  expect([put(contacts, ann), put(contacts, `id:${id}`), put(contacts, one)]).toEqual([id, id, id]);
  expect(contacts.all()).toMatchObject([{ id, updates: 4, fields: { email: "Ann@Example.com" } }]);
});

it("an identifier that was replaced or cleared names nobody any more", () => {
  const contacts = createContacts();
  const id = put(contacts, one, { email: "ann@example.com" });
  put(contacts, one, { phone: two.slice(6) });
  expect(contacts.find(one)).toBeUndefined();
  expect(contacts.find(two)?.id).toBe(id);
  put(contacts, two, { email: null });
  expect(contacts.find(ann)).toBeUndefined();
  expect(put(contacts, one)).not.toBe(id);
});

it("of duplicates the first contact is updated, and the second one once the first has changed", () => {
  const contacts = createContacts();
  const [first, second] = [put(contacts, ann), put(contacts, bob, { phone: one.slice(6) })];
  put(contacts, ann, { phone: one.slice(6) });
  expect(put(contacts, one)).toBe(first);
  put(contacts, ann, { phone: null });
  expect(put(contacts, one)).toBe(second);
});

it("a new contact never gets the id of one that was named by its id", () => {
  const contacts = createContacts();
  const ids = [
    put(contacts, "id:2"),
    put(contacts, ann),
    put(contacts, bob),
    put(contacts, "id:1"),
    put(contacts, one),
  ];
  expect(ids).toEqual([2, 1, 3, 1, 4]);
});

it("an empty workspace is empty again after it was cleared", () => {
  const contacts = createContacts();
  put(contacts, ann);
  contacts.clear();
  expect(contacts.all()).toEqual([]);
  expect(contacts.find(ann)).toBeUndefined();
  expect(put(contacts, bob)).toBe(1);
});
