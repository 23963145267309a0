import { beforeEach, describe, expect, it } from "vitest";
import { contact, createDeliveryStage, ok, policy } from "../../test/helpers/delivery-stage.ts";
import type { ContactPatch } from "../contact/contact-patch.ts";
import { deliverContact } from "./deliver-contact.ts";
import type { ContactDelivery } from "./delivery.ts";
import { divisionRequestsMax } from "./divide.ts";
import type { SenderAnswer } from "./send.ts";

const invalid: SenderAnswer = { kind: "invalid", status: 400, message: "Validation error." };
const down: SenderAnswer = {
  kind: "unavailable",
  reason: "status",
  status: 503,
  message: "HTTP 503",
  retryAfterMs: undefined,
};

let stage = createDeliveryStage();
beforeEach(() => {
  stage = createDeliveryStage();
});

describe("order and merging", () => {
  it("sends everything that waits as one request, the newest value of each field", async () => {
    await stage.mailbox.post([
      stage.update("b", 200, { firstName: "New", email: "ada@example.com" }),
      stage.update("a", 100, { firstName: "Old", lastName: "Lovelace" }),
    ]);
    expect(await stage.run()).toEqual({ kind: "settled", requests: 1 });
    expect(stage.sent).toEqual([{ firstName: "New", email: "ada@example.com", lastName: "Lovelace" }]);
    expect((await stage.mailbox.read(contact)).waiting).toEqual([]);
  });

  it("a late older event loses field by field, and with nothing left makes no request", async () => {
    await stage.mailbox.post([stage.update("b", 200, { firstName: "New" })]);
    await stage.run();
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Old", lastName: "Late" })]);
    await stage.run();
    await stage.mailbox.post([stage.update("c", 150, { firstName: "Older still" })]);
    expect(await stage.run()).toEqual({ kind: "settled", requests: 0 });
    expect(stage.sent).toEqual([{ firstName: "New" }, { lastName: "Late" }]);
  });

  it("an update that comes while the contact waits for its slot goes out with the same request", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    const base = stage.delivery();
    const late: ContactDelivery = {
      ...base,
      send: async (ref, signal, compose) => {
        await stage.mailbox.post([stage.update("b", 200, { lastName: "Lovelace" })]);
        return await base.send(ref, signal, compose);
      },
    };
    await deliverContact(contact, { busy: 0, failures: 0 }, late);
    expect(stage.sent).toEqual([{ firstName: "Ada", lastName: "Lovelace" }]);
  });

  it("a crash after the answer and before the settlement repeats the request, never an older value", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    const { waiting } = await stage.mailbox.read(contact);
    await stage.run();
    await stage.mailbox.post(waiting);
    expect(await stage.run()).toEqual({ kind: "settled", requests: 0 });
  });
});

describe("answers that are not 200", () => {
  it("449 makes the contact wait with doubling delays and spends no attempt", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.answers = () => ({ kind: "busy", status: 449, retryAfterMs: undefined });
    expect(await stage.run()).toMatchObject({ kind: "wait", because: "busy", delayMs: 30_000 });
    const again = await deliverContact(contact, { busy: 3, failures: 2 }, stage.delivery());
    expect(again).toMatchObject({ delayMs: 240_000, attempts: { busy: 4, failures: 2 } });
    expect((await stage.mailbox.read(contact)).waiting).toHaveLength(1);
  });

  it("a 449 with Retry-After waits for that long instead", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.answers = () => ({ kind: "busy", status: 449, retryAfterMs: 2_000 });
    expect(await stage.run()).toMatchObject({ kind: "wait", delayMs: 2_000 });
  });

  it("no good answer is retried, and a hint of the API only ever delays", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.answers = () => ({ ...down, retryAfterMs: 100 });
    expect(await stage.run()).toMatchObject({ kind: "wait", because: "failing", delayMs: 1_000 });
    stage.answers = () => ({ ...down, retryAfterMs: 5_000 });
    expect(await stage.run()).toMatchObject({ delayMs: 5_000 });
  });

  it("updates older than the maximum age are parked, younger ones go on waiting", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.now += policy.maxAgeMs + 1;
    await stage.mailbox.post([stage.update("b", 200, { lastName: "Lovelace" })]);
    stage.answers = () => down;
    const result = await stage.run();
    expect(result).toMatchObject({ kind: "parked", remaining: true });
    expect(stage.kept.map((item) => [item.reason, item.updates.map((one) => one.id)])).toEqual([
      ["undeliverable", ["a"]],
    ]);
    expect((await stage.mailbox.read(contact)).waiting.map((one) => one.id)).toEqual(["b"]);
  });

  it("404 and other refusals are parked with the API's own words, complete enough to be retried", async () => {
    const original = stage.update("a", 100, { firstName: "Ada" });
    await stage.mailbox.post([original]);
    stage.answers = () => ({ kind: "not-found", status: 404, message: "Contact not found!" });
    await stage.run();
    expect(stage.kept).toMatchObject([
      { reason: "contact-not-found", status: 404, message: "Contact not found!", updates: [original] },
    ]);
    expect((await stage.mailbox.read(contact)).waiting).toEqual([]);
  });

  it("what is set aside is kept before it leaves the mailbox", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.answers = () => ({ kind: "refused", status: 410, message: "Gone" });
    let waitingWhenKept = 0;
    await deliverContact(
      contact,
      { busy: 0, failures: 0 },
      {
        ...stage.delivery(),
        keep: async () => {
          waitingWhenKept = (await stage.mailbox.read(contact)).waiting.length;
          return ["dlv_1.0"];
        },
      },
    );
    expect(waitingWhenKept).toBe(1);
  });

  it("a workspace that insists on firstName gets no request without one; the update is parked", async () => {
    await stage.mailbox.post([stage.update("a", 100, { lastName: "Lovelace" })]);
    expect(await stage.run({ requireFirstName: true })).toMatchObject({ kind: "parked" });
    expect(stage.sent).toEqual([]);
    expect(stage.kept[0]?.reason).toBe("first-name-required");
  });
});

describe("a request the API calls invalid", () => {
  const refusing = (bad: (field: string) => boolean) => (patch: ContactPatch) =>
    Object.keys(patch).some(bad) ? invalid : ok;

  it("is divided until the bad field is found: good fields are applied, the bad one is parked", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, {
        firstName: "Ada",
        email: "ada@example.com",
        "custom_fields.Plan": "free",
        "custom_fields.Score": "many",
      }),
    ]);
    stage.answers = refusing((field) => field === "custom_fields.Score");
    expect(await stage.run()).toMatchObject({ kind: "parked", remaining: false });
    expect(stage.kept.map((item) => [item.reason, item.fields, item.updates[0]?.patch])).toEqual([
      ["invalid", ["custom_fields.Score"], { "custom_fields.Score": "many" }],
    ]);
    const { applied, waiting } = await stage.mailbox.read(contact);
    expect(Object.keys(applied).sort()).toEqual(["custom_fields.Plan", "email", "firstName"]);
    expect(waiting).toEqual([]);
  });

  it("a bad update does not take the good ones merged with it down", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { firstName: "Ada" }),
      stage.update("b", 200, { "custom_fields.Score": "many" }),
      stage.update("c", 300, { lastName: "Lovelace" }),
    ]);
    stage.answers = refusing((field) => field === "custom_fields.Score");
    await stage.run();
    expect(stage.sent.slice(1)).toEqual([
      { firstName: "Ada" },
      { "custom_fields.Score": "many" },
      { lastName: "Lovelace" },
    ]);
    expect(stage.kept.map((item) => item.updates[0]?.eventId)).toEqual(["b"]);
  });

  it("each bad field is one parked item", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { email: "x@example.com", phone: "+6", language: "xx" }),
    ]);
    stage.answers = refusing((field) => field !== "email");
    await stage.run();
    expect(stage.kept.map((item) => item.fields)).toEqual([["phone"], ["language"]]);
  });

  it("a part that the API answers otherwise is parked under that answer's own reason", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { email: "x@example.com", phone: "+6", language: "xx" }),
    ]);
    stage.answers = (patch) => {
      if (stage.sent.length === 1) return invalid;
      if ("language" in patch) return { kind: "refused", status: 410, message: "Gone" };
      return { kind: "not-found", status: 404, message: "Contact not found!" };
    };
    await stage.run();
    expect(stage.kept.map(({ reason, status }) => [reason, status])).toEqual([
      ["contact-not-found", 404],
      ["refused", 410],
    ]);
  });

  it("costs a bounded number of requests; what is undivided then is parked whole, nothing is lost", async () => {
    const fields = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`custom_fields.F${n}`, n]));
    await stage.mailbox.post([stage.update("a", 100, fields)]);
    stage.answers = () => invalid;
    await stage.run();
    expect(stage.sent.length).toBeLessThanOrEqual(divisionRequestsMax);
    const parkedFields = stage.kept.flatMap((item) => Object.keys(item.updates[0]?.patch ?? {}));
    expect(parkedFields.sort()).toEqual(Object.keys(fields).sort());
  });

  it("keeps firstName beside every part when the workspace insists on it", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, {
        firstName: "Ada",
        "custom_fields.A": 1,
        "custom_fields.Bad": 2,
        lastName: "L",
      }),
    ]);
    stage.answers = (patch) => (patch.firstName === undefined || "custom_fields.Bad" in patch ? invalid : ok);
    await stage.run({ requireFirstName: true });
    expect(stage.sent.every((patch) => patch.firstName === "Ada")).toBe(true);
    expect(stage.kept.map((item) => item.fields)).toEqual([["custom_fields.Bad"]]);
  });

  it("an outage half-way leaves everything that was not applied waiting", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { firstName: "Ada", lastName: "L", email: "a@b.co", phone: "+6" }),
    ]);
    stage.answers = (patch) => {
      if (stage.sent.length === 1) return invalid;
      return "phone" in patch || "email" in patch ? down : ok;
    };
    expect(await stage.run()).toMatchObject({ kind: "wait" });
    const { waiting, applied } = await stage.mailbox.read(contact);
    expect(waiting).toHaveLength(1);
    expect(stage.kept).toEqual([]);
    expect(Object.keys(applied).length).toBeGreaterThan(0);
  });
});

describe("a workspace that insists on firstName", () => {
  const insisting = { requireFirstName: true };
  const bad = (patch: ContactPatch) => patch.firstName === undefined || "custom_fields.Bad" in patch;
  const ada = () =>
    stage.update("a", 100, { firstName: "Ada", lastName: "L", email: "a@b.co", "custom_fields.Bad": 2 });

  it("a division that was cut off goes on with firstName beside the rest, and parks the bad field alone", async () => {
    await stage.mailbox.post([ada()]);
    stage.answers = (patch) => (bad(patch) ? invalid : ok);
    const base = stage.delivery(insisting);
    const cutOff: ContactDelivery = {
      ...base,
      send: (...request) => {
        if (stage.sent.length === 2) throw new Error("the process is killed");
        return base.send(...request);
      },
    };
    await expect(deliverContact(contact, { busy: 0, failures: 0 }, cutOff)).rejects.toThrow("killed");
    expect(Object.keys((await stage.mailbox.read(contact)).applied)).toContain("firstName");

    expect(await stage.run(insisting)).toMatchObject({ kind: "parked" });
    expect(stage.sent.every((patch) => patch.firstName === "Ada")).toBe(true);
    expect(stage.kept.map(({ reason, fields }) => [reason, fields])).toEqual([
      ["invalid", ["custom_fields.Bad"]],
    ]);
    expect(Object.keys((await stage.mailbox.read(contact)).applied).toSorted()).toEqual([
      "email",
      "firstName",
      "lastName",
    ]);
  });

  it("a parked piece carries firstName, so that a retry delivers it once the API takes it", async () => {
    await stage.mailbox.post([ada()]);
    stage.answers = (patch) => (bad(patch) ? invalid : ok);
    await stage.run(insisting);
    const parked = stage.kept.flatMap((item) => item.updates);
    expect(parked.map(({ patch }) => patch)).toEqual([{ firstName: "Ada" }, { "custom_fields.Bad": 2 }]);
    stage.answers = () => ok;
    stage.sent = [];
    await stage.mailbox.post(parked.toReversed());
    expect(await stage.run(insisting)).toEqual({ kind: "settled", requests: 1 });
    expect(stage.sent).toEqual([{ firstName: "Ada", "custom_fields.Bad": 2 }]);
  });

  it("a firstName that has become old is never sent along: the piece is parked again", async () => {
    await stage.mailbox.post([ada()]);
    stage.answers = (patch) => (bad(patch) ? invalid : ok);
    await stage.run(insisting);
    const parked = stage.kept.flatMap((item) => item.updates);
    await stage.mailbox.post([stage.update("b", 200, { firstName: "Augusta" })]);
    stage.answers = () => ok;
    await stage.run(insisting);
    [stage.sent, stage.kept] = [[], []];
    await stage.mailbox.post(parked);
    expect(await stage.run(insisting)).toMatchObject({ kind: "parked" });
    expect(stage.sent).toEqual([]);
    expect(stage.kept[0]?.reason).toBe("first-name-required");
  });
});

describe("a contact that is erased while its request is out", () => {
  const erasing = (answer: SenderAnswer) => {
    stage.answers = () => answer;
    const base = stage.delivery();
    return {
      ...base,
      send: async (...request: Parameters<ContactDelivery["send"]>) => {
        const given = await base.send(...request);
        await stage.mailbox.erase(contact);
        return given;
      },
    };
  };

  it.each([
    ["delivered", ok],
    ["refused", { kind: "refused", status: 410, message: "Gone" }],
    ["invalid", invalid],
  ] as [string, SenderAnswer][])("leaves no trace when it is %s", async (_what, answer) => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada", email: "ada@example.com" })]);
    const outcome = await deliverContact(contact, { busy: 0, failures: 0 }, erasing(answer));
    expect(outcome.kind).toBe("settled");
    expect(await stage.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
    expect(stage.sent).toHaveLength(1);
  });
});

it("the id of a parked piece is short, however many fields it has and however long their names are", async () => {
  const names = Array.from({ length: 200 }, (_, n) => `custom_fields.${"long ".repeat(20)}${n}`);
  await stage.mailbox.post([stage.update("a", 100, Object.fromEntries(names.map((name) => [name, 1])))]);
  stage.answers = () => invalid;
  await stage.run();
  const ids = stage.kept.flatMap((item) => item.updates.map(({ id }) => id));
  expect(Math.max(...ids.map((id) => id.length))).toBeLessThan(100);
  expect(new Set(ids).size).toBe(ids.length);
});
