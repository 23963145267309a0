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
  expect(put(contacts, bob)).toBe(2);
});

it("the older of two merged contacts stays, with all that named either, and its own values", () => {
  let now = 1;
  const contacts = createContacts(undefined, () => now++);
  put(contacts, ann, { firstName: "Ann" });
  put(contacts, one, { firstName: "Pho", email: "bob@example.com", language: "ms" });
  put(contacts, two);
  expect(contacts.merge(bob, ann)).toMatchObject({
    id: 1,
    createdAt: 1,
    updates: 2,
    references: ["id:1", ann, one, bob],
    fields: { firstName: "Ann", email: "ann@example.com", phone: one.slice(6), language: "ms" },
  });
  for (const ref of [ann, bob, one, "id:1"] as const) expect(put(contacts, ref)).toBe(1);
  expect(contacts.find("id:2")).toBeUndefined();
  expect([contacts.isGone("id:2"), contacts.isGone("id:1")]).toEqual([true, false]);
  expect(contacts.merge("id:1", ann)).toMatchObject({ id: 1 });
  expect(contacts.merge("id:1", "id:2")).toBeUndefined();
});

it("a reference that was taken over is kept when the contact gets another of its kind", () => {
  const contacts = createContacts();
  put(contacts, ann);
  put(contacts, bob);
  contacts.merge(ann, bob);
  put(contacts, bob, { email: "cleo@example.com" });
  expect(contacts.find("id:1")?.references).toEqual(["id:1", "email:cleo@example.com", bob]);
  expect(contacts.find(ann)).toBeUndefined();
  put(contacts, bob, { email: "bob@example.com" });
  expect(contacts.find("id:1")?.references).toEqual(["id:1", bob]);
});

it("what was split off is a contact of its own, under an id that nobody had", () => {
  const contacts = createContacts();
  put(contacts, ann, { firstName: "Ann", phone: one.slice(6) });
  put(contacts, bob);
  contacts.merge(ann, bob);
  expect(contacts.split(bob)).toMatchObject({ id: 3, references: ["id:3", bob] });
  expect(contacts.split(one)).toMatchObject({ id: 4, fields: { phone: one.slice(6) } });
  expect(contacts.find(ann)).toMatchObject({
    id: 1,
    references: ["id:1", ann],
    fields: { firstName: "Ann" },
  });
  expect([contacts.split("id:1"), contacts.split("phone:+60123456799")]).toEqual([undefined, undefined]);
});

it("whom an identifier belongs to is told, unless it is the contact's own", () => {
  const contacts = createContacts();
  put(contacts, ann);
  const core = new Map([["email", "ANN@example.com"]]);
  expect(contacts.taken(core, undefined)).toEqual({ field: "email", by: 1 });
  expect(contacts.taken(core, 2)).toEqual({ field: "email", by: 1 });
  expect(contacts.taken(core, 1)).toBeUndefined();
  expect(contacts.taken(new Map([["email", null]]), 2)).toBeUndefined();
});
