import { beforeEach, expect, it } from "vitest";
import type { FieldValue } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import { createContacts, type Contacts } from "./contacts.ts";
import { createOperations, type Operations } from "./operations.ts";
import { usualWorkspace, type Workspace } from "./workspace.ts";

const [ann, bob, phone] = ["email:ann@example.com", "email:bob@example.com", "phone:+60123456781"] as const;

let contacts: Contacts;
let workspace: Workspace;
let operations: Operations;
let now = 0;

beforeEach(() => {
  now = 1_000_000;
  contacts = createContacts(undefined, () => now);
  workspace = usualWorkspace;
  operations = createOperations(contacts, () => workspace);
});

const changes = (core: Record<string, FieldValue>) => ({
  core: new Map(Object.entries(core)),
  custom: new Map(),
});
const put = (ref: ContactRef, core: Record<string, FieldValue> = {}) =>
  operations.update(ref, changes(core), now);
const post = (ref: ContactRef, core: Record<string, FieldValue> = {}) =>
  operations.createOrUpdate(ref, changes(core), now);
const connectedTo = (contactId: number, what: string) => ({
  kind: "refused",
  status: 400,
  message: { contactId, message: `${what} already connected to a contact` },
});

it("whom nobody has is created by name, and not without one", () => {
  expect(post(ann, { lastName: "Lee" })).toEqual({ kind: "refused", status: 400 });
  expect(contacts.all()).toEqual([]);
  expect(post(ann, { firstName: "Ann" })).toEqual({ kind: "done", contactId: 1, created: true });
  expect(contacts.find(ann)).toMatchObject({ createdAt: now, references: ["id:1", ann] });
});

it("the first that matches is updated: by the path, else the phone, else the e-mail", () => {
  post(ann, { firstName: "Ann" });
  post(phone, { firstName: "Pho" });
  expect(post(ann, { lastName: "Lee" })).toEqual({ kind: "done", contactId: 1, created: false });
  expect(post(bob, { phone: phone.slice(6) })).toEqual({ kind: "done", contactId: 2, created: false });
  expect(post("phone:+60123456799", { email: "Ann@Example.com" })).toMatchObject({ contactId: 1 });
  expect(contacts.all()).toHaveLength(2);
});

it("an id that nobody has is never created, whatever else the body names", () => {
  post(ann, { firstName: "Ann" });
  expect(post("id:9", { firstName: "Ann", email: "ann@example.com" })).toEqual({
    kind: "refused",
    status: 404,
  });
  expect(contacts.all()).toHaveLength(1);
});

it("what another contact owns is refused with its id, on both calls, and nothing of the body is applied", () => {
  post(ann, { firstName: "Ann" });
  post(phone, { firstName: "Pho" });
  expect(put(ann, { lastName: "Lee", phone: phone.slice(6) })).toEqual(connectedTo(2, "Phone"));
  expect(post(phone, { email: "ann@example.com" })).toEqual(connectedTo(1, "Email"));
  expect(put(bob, { email: "ann@example.com" })).toEqual(connectedTo(1, "Email"));
  expect(contacts.all().map(({ fields }) => fields)).toEqual([
    { email: "ann@example.com", firstName: "Ann" },
    { phone: phone.slice(6), firstName: "Pho" },
  ]);
});

it("a workspace may allow duplicates", () => {
  workspace = { ...workspace, duplicates: "allow" };
  post(ann, { firstName: "Ann" });
  expect(put(bob, { phone: phone.slice(6) })).toMatchObject({ kind: "done", contactId: 2 });
  expect(put(ann, { phone: phone.slice(6) })).toMatchObject({ kind: "done", contactId: 1 });
});

it.each([
  ["404", { kind: "refused", status: 404 }],
  ["400", { kind: "refused", status: 400, message: "Contact does not exist" }],
] as const)(
  "a PUT of whom nobody has is answered %s where the workspace says so",
  (unknownContact, answer) => {
    workspace = { ...workspace, unknownContact };
    expect(put(ann, { firstName: "Ann" })).toEqual(answer);
    expect(contacts.all()).toEqual([]);
  },
);

it("a contact that was just created is not found, then busy, then there; one that a PUT created is there", () => {
  workspace = { ...workspace, unseenMs: 500, creationMs: 2_000 };
  post(ann, { firstName: "Ann" });
  expect(put(ann)).toEqual({ kind: "refused", status: 404 });
  expect(post(ann)).toEqual({ kind: "refused", status: 449 });
  now += 500;
  expect(put("id:1")).toEqual({ kind: "refused", status: 449 });
  now += 1_499;
  expect(post(bob, { email: "ann@example.com" })).toEqual({ kind: "refused", status: 449 });
  now += 1;
  expect(put(ann)).toMatchObject({ kind: "done", contactId: 1 });
  expect(put(bob)).toMatchObject({ created: true });
  expect(put(bob)).toMatchObject({ kind: "done", created: false });
});

it("the id of a contact that was merged away or deleted is never anybody's again", () => {
  for (const ref of [ann, bob]) post(ref, { firstName: "A" });
  contacts.merge("id:2", "id:1");
  expect(put("id:2", { firstName: "B" })).toEqual({ kind: "refused", status: 404 });
  expect(put(bob)).toMatchObject({ contactId: 1, created: false });
  contacts.remove(ann);
  expect(put("id:1", { firstName: "B" })).toEqual({ kind: "refused", status: 404 });
  expect(put(bob)).toMatchObject({ contactId: 3, created: true });
});
