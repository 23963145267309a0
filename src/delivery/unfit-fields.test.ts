import { beforeEach, describe, expect, it } from "vitest";
import { contact, createDeliveryStage, ok } from "../../test/helpers/delivery-stage.ts";
import type { FieldsRead } from "../aelyst/custom-fields.ts";
import { customField, type ContactPatch, type FieldValue } from "../contact/contact-patch.ts";
import { workspaceFields, type WorkspaceField } from "../contact/workspace-field.ts";
import { validateBody } from "../sandbox/validate.ts";
import { contactBody } from "../contact/contact-patch.ts";
import { deliverContact } from "./deliver-contact.ts";
import type { DeliveryPolicy } from "./delivery.ts";
import { createFieldWatch, freshMs, type FieldWatch } from "./field-watch.ts";
import type { SenderAnswer } from "./send.ts";

let stage: ReturnType<typeof createDeliveryStage>;
let workspace: WorkspaceField[];
let reading: "allowed" | "forbidden";
let reads: number;
let watch: FieldWatch;

const plan: WorkspaceField = { name: "Plan", type: "list", options: ["free", "pro"] };
const score: WorkspaceField = { name: "Score", type: "number" };
const note: WorkspaceField = { name: "Note", type: "text" };

beforeEach(() => {
  stage = createDeliveryStage();
  workspace = [plan, score, note];
  reading = "allowed";
  reads = 0;
  stage.answers = api;
});

/** The API knows these fields; whoever may not read them meets them all the same. */
function api(patch: ContactPatch): SenderAnswer {
  const customFields = Object.fromEntries(
    workspace.flatMap(({ name, type, options }) => (type ? [[name, { type, options }]] : [])),
  );
  const valid = validateBody(contactBody(patch), { customFields, requireFirstName: false });
  return valid.ok ? ok : { kind: "invalid", status: 400, message: valid.message };
}

function read(): Promise<FieldsRead> {
  reads += 1;
  return Promise.resolve(
    reading === "allowed"
      ? { kind: "read", fields: workspaceFields([...workspace], true), pages: 1 }
      : { kind: "forbidden", status: 403, message: "403: no" },
  );
}

function watching(): FieldWatch {
  return createFieldWatch({
    read,
    clock: () => stage.now,
    sleep: (_delayMs, signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(false))),
    onRead: () => undefined,
  });
}

const custom = (fields: Record<string, FieldValue>): ContactPatch =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [customField(name), value]));

const post = (id: string, at: number, patch: ContactPatch) =>
  stage.mailbox.post([stage.update(id, at, patch)]);

const run = (overrides: Partial<DeliveryPolicy> = {}) =>
  deliverContact(contact, { busy: 0, failures: 0 }, { ...stage.delivery(overrides), fields: watch });

const box = () => stage.mailbox.read(contact, false);

describe("a value that the workspace cannot take", () => {
  beforeEach(() => {
    watch = watching();
  });

  it("is parked before it costs a request: one of five fields is one request and one piece", async () => {
    await post("a", 1, { firstName: "Ada", lastName: "L", ...custom({ Plan: "gold", Score: 5, Note: "x" }) });
    const delivery = await run();
    expect(stage.sent).toEqual([{ firstName: "Ada", lastName: "L", ...custom({ Score: 5, Note: "x" }) }]);
    expect(delivery).toMatchObject({ kind: "parked", remaining: false, parked: [{}] });
    expect(stage.kept).toMatchObject([
      {
        reason: "invalid",
        message: "Plan: Invalid value (not sent: the workspace's list has no such option; it has free, pro)",
        fields: ["custom_fields.Plan"],
        updates: [{ eventId: "a", patch: custom({ Plan: "gold" }) }],
      },
    ]);
    const { waiting, applied, history } = await stage.mailbox.read(contact, true);
    expect(waiting).toEqual([]);
    expect(Object.keys(applied).sort()).toEqual([
      "custom_fields.Note",
      "custom_fields.Score",
      "firstName",
      "lastName",
    ]);
    expect(history).toMatchObject([
      { outcome: "applied" },
      {
        outcome: "parked",
        parked: "invalid",
        parkedId: "dlv_1.0",
        fields: [{ field: "custom_fields.Plan" }],
      },
    ]);
  });

  it("is parked with the same reason and fields as one that the API has refused", async () => {
    await post("a", 1, custom({ Plan: "gold", Score: 5 }));
    await run();
    const unsent = stage.kept[0];
    const other = createDeliveryStage();
    other.answers = api;
    await other.mailbox.post([other.update("a", 1, custom({ Plan: "gold", Score: 5 }))]);
    await other.run();
    const refused = other.kept[0];
    expect(unsent?.message?.startsWith(refused?.message ?? "?")).toBe(true);
    const about = ({ reason, fields, updates }: NonNullable<typeof unsent>) => ({ reason, fields, updates });
    expect(unsent && about(unsent)).toEqual(refused && about(refused));
  });

  it("costs nothing where nothing else is in the update", async () => {
    await post("a", 1, custom({ Score: "many", Missing: 1 }));
    expect(await run()).toMatchObject({ kind: "parked", parked: [{}, {}] });
    expect(stage.sent).toEqual([]);
    expect((await box()).waiting).toEqual([]);
  });

  it("that something newer stands for is not parked, and one of two that both do not fit is not forgotten", async () => {
    await post("a", 1, custom({ Plan: "gold", Score: "many" }));
    await post("b", 2, custom({ Plan: "pro", Score: "few" }));
    await run();
    expect(stage.sent).toEqual([custom({ Plan: "pro" })]);
    expect(stage.kept.flatMap(({ updates }) => updates.map(({ patch }) => patch))).toEqual([
      custom({ Score: "many" }),
      custom({ Score: "few" }),
    ]);
  });

  it("lets an older value through that fits, and wins over it when it is retried", async () => {
    await post("a", 1, custom({ Plan: "free" }));
    await post("b", 2, custom({ Plan: "gold" }));
    await run();
    expect(stage.sent).toEqual([custom({ Plan: "free" })]);
    workspace = [{ ...plan, options: ["gold"] }, score, note];
    stage.now += freshMs;
    const retried = stage.kept.flatMap(({ updates }) => updates);
    await stage.mailbox.post(retried.map((update) => ({ ...update, receivedAt: stage.now })));
    expect(await run()).toMatchObject({ kind: "settled", requests: 1 });
    expect(stage.sent.at(-1)).toEqual(custom({ Plan: "gold" }));
    expect(reads).toBe(2);
  });

  it("that is retried within the minute goes to the API, and is parked by its word if it is still wrong", async () => {
    await post("a", 1, custom({ Plan: "gold" }));
    await run();
    stage.now += 1_000;
    const again = async () => {
      const updates = stage.kept.splice(0).flatMap((item) => item.updates);
      await stage.mailbox.post(updates.map((update) => ({ ...update, receivedAt: stage.now })));
      return await run();
    };
    expect(await again()).toMatchObject({ kind: "parked" });
    expect(stage.kept).toMatchObject([{ message: "Plan: Invalid value", status: 400 }]);
    workspace = [{ ...plan, options: ["gold"] }];
    expect(await again()).toMatchObject({ kind: "settled", requests: 1 });
    expect(reads).toBe(1);
  });

  it("waits with the rest while the contact is busy, and is parked when that is applied", async () => {
    stage.answers = () => ({ kind: "busy", status: 449, retryAfterMs: undefined });
    await post("a", 1, custom({ Plan: "gold", Score: 5 }));
    expect(await run()).toMatchObject({ kind: "wait", because: "busy" });
    expect((await box()).waiting).toHaveLength(1);
    expect(stage.kept).toEqual([]);
    stage.answers = api;
    stage.now += 30_000;
    expect(await run()).toMatchObject({ kind: "parked" });
    expect(stage.kept).toHaveLength(1);
  });

  it("beside one that the API refuses for a reason of its own: each is parked once, the rest is applied", async () => {
    stage.answers = (patch) =>
      patch["custom_fields.Note"] === "forbidden word"
        ? { kind: "invalid", status: 400, message: "Note: no" }
        : api(patch);
    await post("a", 1, { firstName: "Ada", ...custom({ Plan: "gold", Score: "7", Note: "forbidden word" }) });
    await run();
    expect(stage.kept.map(({ fields }) => fields)).toEqual([["custom_fields.Plan"], ["custom_fields.Note"]]);
    expect((await box()).applied).toHaveProperty(["custom_fields.Score"]);
    expect(stage.sent.every((patch) => !Object.hasOwn(patch, "custom_fields.Plan"))).toBe(true);
  });

  it("beside a phone number that is another contact's: each is parked once, the rest is applied", async () => {
    stage.answers = (patch) =>
      patch.phone === undefined
        ? api(patch)
        : { kind: "taken", status: 400, contactId: 9, message: "already connected to a contact" };
    await post("a", 1, { phone: "+60123456789", ...custom({ Plan: "gold", Score: "5" }) });
    await post("b", 2, custom({ Note: "x", Missing: "y" }));
    await post("c", 3, custom({ Missing: "z" }));
    await run();
    expect(stage.sent.at(-1)).toEqual(custom({ Score: 5, Note: "x" }));
    expect(stage.kept.map(({ reason, fields }) => [reason, fields])).toEqual([
      ["two-contacts", ["phone"]],
      ["invalid", ["custom_fields.Plan"]],
      ["invalid", ["custom_fields.Missing"]],
      ["invalid", ["custom_fields.Missing"]],
    ]);
    expect((await box()).waiting).toEqual([]);
    expect(stage.sent).toHaveLength(2);
  });

  it("keeps its firstName beside it where the workspace insists on one", async () => {
    await post("a", 1, { firstName: "Ada", ...custom({ Plan: "gold" }) });
    await run({ requireFirstName: true });
    expect(stage.sent).toEqual([{ firstName: "Ada" }]);
    expect(stage.kept[0]?.updates.map(({ patch }) => patch)).toEqual([
      { firstName: "Ada" },
      custom({ Plan: "gold" }),
    ]);
  });

  it("is not told as superseded in the history, and what is superseded is", async () => {
    await post("a", 1, custom({ Score: 1 }));
    await post("b", 2, custom({ Score: 2 }));
    await post("c", 3, custom({ Plan: "gold" }));
    await run();
    const { history } = await stage.mailbox.read(contact, true);
    expect(history.flatMap(({ superseded = [] }) => superseded)).toEqual(["a"]);
  });
});

describe("fields that have changed since they were read", () => {
  beforeEach(async () => {
    watch = watching();
    await watch.ready();
    stage.now += freshMs;
  });

  it("a field that was added meanwhile is found before anything is parked", async () => {
    workspace.push({ name: "New", type: "text" });
    await post("a", 1, custom({ New: "x" }));
    expect(await run()).toMatchObject({ kind: "settled", requests: 1 });
    expect(stage.kept).toEqual([]);
  });

  it("a field that was deleted is found out by one refusal, without a division", async () => {
    workspace = [plan, note];
    await post("a", 1, { firstName: "Ada", ...custom({ Plan: "free", Score: 5, Note: "x" }) });
    await run();
    expect(stage.sent).toHaveLength(2);
    expect(stage.kept).toMatchObject([{ fields: ["custom_fields.Score"] }]);
    expect(reads).toBe(2);
  });

  it("where they tell nothing of the refusal it is divided as ever, and asked once", async () => {
    stage.answers = (patch) =>
      patch.lastName === "?" ? { kind: "invalid", status: 400, message: "Validation error." } : api(patch);
    await post("a", 1, { firstName: "Ada", lastName: "?", ...custom({ Score: 5 }) });
    await run();
    expect(stage.kept).toMatchObject([{ fields: ["lastName"], message: "Validation error." }]);
    expect(reads).toBe(2);
  });
});

it("a token that may not read the fields changes nothing: the API refuses, the update is divided", async () => {
  reading = "forbidden";
  watch = watching();
  await post("a", 1, { firstName: "Ada", ...custom({ Plan: "gold" }) });
  await run();
  expect(stage.kept).toMatchObject([{ status: 400, message: "Plan: Invalid value" }]);
  expect(stage.sent).toHaveLength(3);
});
