import { beforeEach, describe, expect, it } from "vitest";
import { contact, createDeliveryStage, ok, policy } from "../../test/helpers/delivery-stage.ts";
import { deliverContact } from "./deliver-contact.ts";
import { createTurns } from "./missing-turns.ts";
import type { SenderAnswer } from "./send.ts";

const missing: SenderAnswer = { kind: "not-found", status: 404, message: "Contact not found!" };
const phone = "phone:+60123456789";

let stage = createDeliveryStage();
beforeEach(() => {
  stage = createDeliveryStage();
  stage.answers = () => missing;
});

describe("a contact that is waited for", () => {
  it("keeps what waits for it, with a doubling delay of its own, and finds it by its name", async () => {
    await stage.mailbox.post([stage.update("a", 100, { lastName: "Lovelace" })]);
    const first = await stage.run({ missing: "wait" });
    expect(first).toMatchObject({
      kind: "wait",
      because: "missing",
      delayMs: policy.busy.firstMs,
      attempts: { missing: 1 },
    });
    const second = await stage.run({ missing: "wait" }, { busy: 0, failures: 0, missing: 1 });
    expect(second).toMatchObject({ delayMs: 2 * policy.busy.firstMs, attempts: { missing: 2 } });
    expect(await stage.mailbox.awaiting([contact])).toEqual([contact]);
    expect(stage.kept).toEqual([]);
    expect((await stage.mailbox.read(contact)).history).toMatchObject([
      { outcome: "not-found" },
      { outcome: "not-found" },
    ]);
  });

  it("is tried by every name that an update carries: it may have appeared by any of them", async () => {
    await stage.mailbox.post([stage.update("a", 100, { phone: phone.slice(6), firstName: "Ada" })]);
    expect(await stage.run({ missing: "wait" })).toEqual({ kind: "readdressed" });
    const waits = await deliverContact(phone, { busy: 0, failures: 0 }, stage.delivery({ missing: "wait" }));
    expect(waits).toMatchObject({ kind: "wait", because: "missing" });
    expect(await stage.mailbox.awaiting([contact])).toEqual([phone]);
    stage.paths = [];
    stage.answers = (_patch, path) => (path === contact ? ok : missing);
    const found = await deliverContact(
      phone,
      { busy: 0, failures: 0, missing: 1 },
      stage.delivery({ missing: "wait" }),
    );
    expect(found).toMatchObject({ kind: "settled" });
    expect(stage.paths).toEqual([phone, contact]);
    expect((await stage.mailbox.read(phone)).waiting).toEqual([]);
  });

  it("is parked after the delivery's age, and what came later goes on waiting", async () => {
    await stage.mailbox.post([stage.update("old", 100, { lastName: "Old" })]);
    stage.now += policy.maxAgeMs + 1;
    await stage.mailbox.post([stage.update("new", 200, { language: "en" })]);
    expect(await stage.run({ missing: "wait" })).toMatchObject({ kind: "parked", remaining: true });
    expect(stage.kept).toMatchObject([{ reason: "contact-not-found", updates: [{ id: "old" }] }]);
    expect((await stage.mailbox.read(contact)).waiting).toMatchObject([{ id: "new" }]);
  });

  it("has waited in vain for long: it is parked without another request", async () => {
    await stage.mailbox.post([stage.update("old", 100, { lastName: "Old" })]);
    const first = await stage.run({ missing: "wait" }, { busy: 0, failures: 0, missing: 3 });
    stage.now += policy.maxAgeMs + 1;
    stage.paths = [];
    const attempts = first.kind === "wait" ? first.attempts : undefined;
    expect(attempts).toMatchObject({ missing: 4, expiresAt: stage.now });
    expect(await stage.run({ missing: "wait" }, attempts)).toMatchObject({
      kind: "parked",
      remaining: false,
    });
    expect(stage.paths).toEqual([]);
    expect(stage.kept).toMatchObject([{ reason: "contact-not-found", status: 404 }]);
  });
});

describe("a contact that is to be created", () => {
  const create = { missing: "create" } as const;

  it("is made of its name and identifiers alone, and its values go by the ordinary request after a pause", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" }),
    ]);
    expect(await stage.run(create)).toMatchObject({
      kind: "wait",
      because: "created",
      delayMs: policy.busy.firstMs,
    });
    expect(stage.created).toEqual([{ firstName: "Ada", email: "ada@example.com" }]);
    expect((await stage.mailbox.read(contact)).waiting).toMatchObject([{ id: "a" }]);
    expect((await stage.mailbox.read(contact)).applied).toEqual({});
    stage.answers = () => ok;
    await stage.run(create, { busy: 0, failures: 0, missing: 1 });
    expect(stage.sent.at(-1)).toEqual({ firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" });
    expect((await stage.mailbox.read(contact)).history.map(({ outcome }) => outcome)).toEqual([
      "not-found",
      "created",
      "applied",
    ]);
  });

  it("by the last of its names has the others as fields", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { firstName: "Ada", phone: phone.slice(6), email: "ada@example.com" }),
    ]);
    await stage.run(create);
    await deliverContact(phone, { busy: 0, failures: 0 }, stage.delivery(create));
    expect(stage.paths).toEqual([contact, phone, phone]);
    expect(stage.created).toEqual([{ firstName: "Ada", phone: "+60123456789", email: "ada@example.com" }]);
  });

  it("without a name waits for an event that brings it; none is made up", async () => {
    await stage.mailbox.post([stage.update("a", 100, { lastName: "Lovelace" })]);
    expect(await stage.run(create)).toMatchObject({ kind: "wait", because: "missing" });
    expect(stage.created).toEqual([]);
    await stage.mailbox.post([stage.update("b", 50, { firstName: "Ada" })]);
    expect(await stage.run(create, { busy: 0, failures: 0, missing: 1 })).toMatchObject({
      because: "created",
    });
    expect(stage.created).toEqual([{ firstName: "Ada", email: "ada@example.com" }]);
  });

  it("by an answer that was lost changes nothing: it is made once more, and only the ordinary request settles", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    const lost = {
      kind: "unavailable",
      reason: "network",
      status: undefined,
      retryAfterMs: undefined,
    } as const;
    stage.creations = () => ({ ...lost, message: "reset" });
    expect(await stage.run(create)).toMatchObject({ kind: "wait", because: "failing" });
    stage.creations = () => ok;
    expect(await stage.run(create)).toMatchObject({ because: "created" });
    expect((await stage.mailbox.read(contact)).waiting).toHaveLength(1);
  });

  it("that finds somebody and writes over something newer has that sent once more", async () => {
    const { stamp } = stage.update("new", 200, { firstName: "Ada L." });
    await stage.mailbox.settle(phone, {
      done: [],
      applied: { firstName: { stamp, eventId: "new" } },
      person: { contactId: 1, isHeld: true, holdMs: 1 },
    });
    await stage.mailbox.post([stage.update("old", 100, { firstName: "Ada" })]);
    expect(await stage.run(create)).toMatchObject({ because: "created" });
    expect(stage.created).toEqual([{ firstName: "Ada", email: "ada@example.com" }]);
    stage.answers = () => ok;
    await stage.run(create, { busy: 0, failures: 0, missing: 1 });
    expect(stage.sent.at(-1)).toEqual({ firstName: "Ada L." });
  });

  it("goes to the contact that the API names instead", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada", language: "en" })]);
    stage.creations = () => ({
      kind: "taken",
      status: 400,
      message: "email already connected to a contact",
      contactId: 55,
    });
    expect(await stage.run(create)).toEqual({ kind: "readdressed" });
    expect(stage.woken).toEqual(["id:55"]);
    expect((await stage.mailbox.read("id:55")).waiting).toMatchObject([{ patch: { language: "en" } }]);
    expect((await stage.mailbox.read(contact)).waiting).toEqual([]);
  });

  it("that is nobody after all is parked once all its names were tried; it does not go round and round", async () => {
    stage.creations = () => ({ kind: "taken", status: 400, message: "already connected", contactId: 9 });
    await stage.mailbox.post([
      stage.update("a", 100, { firstName: "Ada", phone: phone.slice(6), email: "ada@example.com" }),
    ]);
    const runs = [];
    for (const ref of [contact, phone, "id:9"] as const) {
      runs.push(await deliverContact(ref, { busy: 0, failures: 0 }, stage.delivery(create)));
    }
    expect(runs.map(({ kind }) => kind)).toEqual(["readdressed", "readdressed", "parked"]);
    expect(stage.kept).toMatchObject([{ reason: "contact-not-found", updates: [{ contact }] }]);
  });

  it("that the API never finds, however often it is created, is parked after the delivery's age", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    expect(await stage.run(create)).toMatchObject({ because: "created" });
    stage.now += policy.maxAgeMs + 1;
    expect(await stage.run(create, { busy: 0, failures: 0, missing: 1 })).toMatchObject({ kind: "parked" });
    expect(stage.created).toHaveLength(1);
  });

  it("and is busy then is not missing any more", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.answers = () => ({ kind: "busy", status: 449, retryAfterMs: undefined });
    const waits = await stage.run(create, { busy: 0, failures: 0, missing: 5, expiresAt: stage.now + 9_000 });
    expect(waits).toMatchObject({ because: "busy", attempts: { busy: 1, failures: 0 } });
    expect(waits.kind === "wait" && waits.attempts.missing).toBeUndefined();
  });

  it("is tried without the other identifiers when the API refuses these, then parked with its words", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada", phone: phone.slice(6) })]);
    await stage.run(create);
    stage.creations = () => ({ kind: "invalid", status: 400, message: "Validation error." });
    const parked = await deliverContact(phone, { busy: 0, failures: 0 }, stage.delivery(create));
    expect(parked).toMatchObject({ kind: "parked" });
    expect(stage.created).toHaveLength(2);
    expect(stage.kept).toMatchObject([
      { reason: "contact-not-found", status: 400, message: "Validation error.", updates: [{ contact }] },
    ]);
  });

  it("is none by an id, which only the API gives: it is parked", async () => {
    const vanished = { ...stage.update("a", 100, { firstName: "Ada" }), contact: "id:7" } as const;
    await stage.mailbox.post([vanished]);
    expect(await deliverContact("id:7", { busy: 0, failures: 0 }, stage.delivery(create))).toMatchObject({
      kind: "parked",
    });
    expect(stage.created).toEqual([]);
  });

  it("that is found to wait already is told of a name that comes by another way", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada", phone: phone.slice(6) })]);
    await stage.run(create);
    expect(stage.wokenMissing).toEqual([phone]);
  });
});

describe("a phone or an e-mail that another contact has", () => {
  const taken = (contactId: number, message = "phone already connected to a contact"): SenderAnswer => ({
    kind: "taken",
    status: 400,
    message,
    contactId,
  });

  it("is set aside with both ids and what to do; everything else is applied by one more request", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { phone: "+60123456789", lastName: "Lovelace" }),
      stage.update("b", 200, { language: "en" }),
    ]);
    stage.answers = (patch) => (patch.phone === undefined ? { ...ok, contactId: 1 } : taken(2));
    expect(await stage.run()).toMatchObject({ kind: "parked", remaining: false });
    expect(stage.sent).toEqual([
      { phone: "+60123456789", lastName: "Lovelace", language: "en" },
      { lastName: "Lovelace", language: "en" },
    ]);
    expect(stage.kept).toMatchObject([
      {
        reason: "two-contacts",
        fields: ["phone"],
        message: expect.stringMatching(/contact 2.*contact 1.*merge/) as unknown,
        updates: [{ eventId: "a", patch: { phone: "+60123456789" } }],
      },
    ]);
    const { applied, waiting } = await stage.mailbox.read(contact);
    expect(Object.keys(applied).toSorted()).toEqual(["language", "lastName"]);
    expect(waiting).toEqual([]);
  });

  it("is no name of the contact that the rest goes to", async () => {
    const update = {
      ...stage.update("a", 100, { phone: "+60123456789", lastName: "L", email: "ada@example.com" }),
      contact: phone,
    } as const;
    await stage.mailbox.post([update]);
    stage.answers = (_patch, path) =>
      path === phone ? { kind: "not-found", status: 404, message: "no" } : ok;
    await deliverContact(phone, { busy: 0, failures: 0 }, stage.delivery());
    stage.answers = (patch) => (patch.phone === undefined ? { ...ok, contactId: 1 } : taken(2));
    await stage.run();
    expect((await stage.mailbox.read(phone)).contactId).toBeUndefined();
    expect((await stage.mailbox.read(contact)).contactId).toBe(1);
  });

  it("alone in its update costs one request, and whose it is is told", async () => {
    await stage.mailbox.post([stage.update("a", 100, { phone: "+60123456789" })]);
    stage.answers = () => taken(2);
    expect(await stage.run()).toMatchObject({ kind: "parked" });
    expect(stage.paths).toHaveLength(1);
    expect(stage.kept).toMatchObject([{ reason: "already-connected", fields: ["phone"] }]);
  });

  it("is the one that the API's words name when there are two", async () => {
    const byId = {
      ...stage.update("a", 100, { phone: "+60123456789", email: "a@b.co" }),
      contact: "id:1",
    } as const;
    await stage.mailbox.post([byId]);
    stage.answers = (patch) =>
      patch.email === undefined ? { ...ok, contactId: 1 } : taken(9, "E-mail already connected to a contact");
    await deliverContact("id:1", { busy: 0, failures: 0 }, stage.delivery());
    expect(stage.sent.at(-1)).toEqual({ phone: "+60123456789" });
    expect(stage.kept).toMatchObject([{ fields: ["email"] }]);
  });

  it("beside a field that is refused takes no other field with it", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { phone: "+60123456789", "custom_fields.Age": "old", lastName: "Lovelace" }),
    ]);
    stage.answers = (patch) => {
      if (patch.phone !== undefined) return taken(2);
      const isBad = patch["custom_fields.Age"] !== undefined;
      return isBad ? { kind: "invalid", status: 400, message: "Age: Invalid value" } : ok;
    };
    expect(await stage.run()).toMatchObject({ kind: "parked" });
    expect(stage.kept.map(({ fields }) => fields)).toEqual([["phone"], ["custom_fields.Age"]]);
    expect(Object.keys((await stage.mailbox.read(contact)).applied)).toEqual(["lastName"]);
  });

  it("beside an older value of the field, which is nobody's, takes that one not with it", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { phone: "+60123456780", language: "en" }),
      stage.update("b", 200, { phone: "+60123456789", lastName: "Lovelace" }),
    ]);
    stage.answers = (patch) => (patch.phone === "+60123456789" ? taken(2) : ok);
    expect(await stage.run()).toMatchObject({ kind: "parked" });
    expect(stage.sent).toContainEqual({ phone: "+60123456780", language: "en" });
    expect(stage.kept).toMatchObject([
      { reason: "already-connected", fields: ["phone"], updates: [{ eventId: "b" }] },
    ]);
    expect(Object.keys((await stage.mailbox.read(contact)).applied).toSorted()).toEqual([
      "language",
      "lastName",
      "phone",
    ]);
  });

  it("beside a field that is refused, with the API failing half-way for too long, is parked with the rest", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { phone: "+60123456789", "custom_fields.Age": "old", lastName: "Lovelace" }),
    ]);
    stage.now += policy.maxAgeMs + 1;
    stage.answers = (patch) => {
      if (patch.phone !== undefined) return taken(2);
      if (patch["custom_fields.Age"] !== undefined && patch.lastName !== undefined) {
        return { kind: "invalid", status: 400, message: "Age: Invalid value" };
      }
      return { kind: "busy", status: 449, retryAfterMs: undefined };
    };
    expect(await stage.run()).toMatchObject({ kind: "parked" });
    const left = stage.kept.flatMap(({ updates }) => updates.flatMap(({ patch }) => Object.keys(patch)));
    expect(left).toContain("phone");
  });

  it("while the API is busy half-way parks nothing and forgets nothing", async () => {
    await stage.mailbox.post([stage.update("a", 100, { phone: "+60123456789", lastName: "Lovelace" })]);
    stage.answers = (patch) =>
      patch.phone === undefined ? { kind: "busy", status: 449, retryAfterMs: undefined } : taken(2);
    expect(await stage.run()).toMatchObject({ kind: "wait", because: "busy" });
    expect(stage.kept).toEqual([]);
    expect((await stage.mailbox.read(contact)).waiting).toHaveLength(1);
  });
});

describe("many that are missing", () => {
  it("share a small rate once they are not young any more; a turn that was given is kept", () => {
    let now = 1_000_000;
    const turns = createTurns(0.5, () => now);
    const old = { contact, missing: 4 } as const;
    expect(turns.next({ contact, missing: 3 })).toBeUndefined();
    expect(turns.next(old)).toBeUndefined();
    expect(turns.next(old)).toBe(now + 2_000);
    expect(turns.next(old)).toBe(now + 4_000);
    now += 2_000;
    expect(turns.next({ ...old, turnAt: now })).toBeUndefined();
    expect(turns.next(old)).toBe(now + 4_000);
  });

  it("whose time is over are set aside on time, whatever their turn", () => {
    const turns = createTurns(0.001, () => 1_000);
    turns.next({ contact, missing: 9 });
    expect(turns.next({ contact, missing: 9, expiresAt: 5_000 })).toBe(5_000);
    expect(turns.next({ contact, missing: 9, expiresAt: 900 })).toBeUndefined();
  });
});
