import { beforeEach, describe, expect, it } from "vitest";
import { contact, createDeliveryStage, ok, policy } from "../../test/helpers/delivery-stage.ts";
import type { SenderAnswer } from "./send.ts";

let stage = createDeliveryStage();
beforeEach(() => {
  stage = createDeliveryStage();
});
const history = async () => (await stage.mailbox.read(contact)).history;
const invalid: SenderAnswer = { kind: "invalid", status: 400, message: "Score is no number" };

describe("the history of a delivery", () => {
  it("says of a request which field came from which event, and which events had nothing in it", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { firstName: "Ada", email: "a@example.com" }),
      stage.update("b", 200, { firstName: "Augusta" }),
      stage.update("old", 50, { firstName: "A." }),
    ]);
    await stage.run();
    expect(await history()).toEqual([
      {
        at: stage.now,
        durationMs: 5,
        outcome: "applied",
        status: 200,
        fields: [
          { field: "firstName", eventId: "b" },
          { field: "email", eventId: "a" },
        ],
        superseded: ["old"],
      },
    ]);
  });

  it("tells every request of a contact that waits: busy, failed without an answer, then applied", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.answers = () => ({ kind: "busy", status: 449, retryAfterMs: undefined });
    await stage.run();
    const unanswered = { kind: "unavailable", status: undefined, retryAfterMs: undefined } as const;
    stage.answers = () => ({ ...unanswered, reason: "timeout", message: "no answer within 10000 ms" });
    await stage.run();
    stage.answers = () => ({ ...unanswered, reason: "network", message: "ECONNRESET" });
    await stage.run();
    stage.answers = () => ok;
    await stage.run();
    expect((await history()).map(({ outcome, status, message }) => [outcome, status, message])).toEqual([
      ["busy", 449, undefined],
      ["failed", "timeout", "no answer within 10000 ms"],
      ["failed", "network", "ECONNRESET"],
      ["applied", 200, undefined],
    ]);
  });

  it("a request that is divided is told piece by piece, each parked piece with its id", async () => {
    await stage.mailbox.post([
      stage.update("a", 100, { firstName: "Ada", "custom_fields.Score": "x", "custom_fields.Age": "y" }),
    ]);
    stage.answers = (patch) => (Object.keys(patch).some((field) => field !== "firstName") ? invalid : ok);
    await stage.run();
    const lines = (await history()).map(({ outcome, fields, parkedId }) => [
      outcome,
      fields.map(({ field }) => field).join(" "),
      parkedId,
    ]);
    expect(lines).toEqual([
      ["invalid", "firstName custom_fields.Score custom_fields.Age", undefined],
      ["invalid", "firstName custom_fields.Score", undefined],
      ["applied", "firstName", undefined],
      ["invalid", "custom_fields.Score", "dlv_1.0"],
      ["invalid", "custom_fields.Age", "dlv_1.1"],
    ]);
    expect(stage.kept.map(({ fields }) => fields)).toEqual([["custom_fields.Score"], ["custom_fields.Age"]]);
  });

  it("what is parked without a request says so", async () => {
    await stage.mailbox.post([stage.update("a", 100, { email: "a@example.com" })]);
    await stage.run({ requireFirstName: true });
    expect(await history()).toEqual([
      {
        at: stage.now,
        outcome: "parked",
        parked: "first-name-required",
        parkedId: "dlv_1.0",
        fields: [{ field: "email", eventId: "a" }],
      },
    ]);
  });

  it("what is too old to be tried again is parked with its last request", async () => {
    await stage.mailbox.post([stage.update("a", 100, { email: "a@example.com" })]);
    stage.now += policy.maxAgeMs + 1;
    stage.answers = () => ({ kind: "busy", status: 449, retryAfterMs: undefined });
    await stage.run();
    expect(await history()).toMatchObject([
      { outcome: "busy", parked: "busy-too-long", parkedId: "dlv_1.0" },
    ]);
  });

  it("what lost to something newer before it was sent is told without a request", async () => {
    await stage.mailbox.post([stage.update("new", 200, { firstName: "Ada" })]);
    await stage.run();
    await stage.mailbox.post([stage.update("old", 100, { firstName: "A." })]);
    await stage.run();
    expect((await history()).at(-1)).toEqual({
      at: stage.now,
      outcome: "superseded",
      fields: [],
      superseded: ["old"],
    });
  });

  it("a store that does not take a line of history takes nothing from the delivery", async () => {
    await stage.mailbox.post([stage.update("a", 100, { firstName: "Ada" })]);
    stage.answers = () => ({ kind: "busy", status: 449, retryAfterMs: undefined });
    const settle = stage.mailbox.settle.bind(stage.mailbox);
    stage.mailbox.settle = () => Promise.reject(new Error("the store is away"));
    expect(await stage.run()).toMatchObject({ kind: "wait", because: "busy" });
    stage.mailbox.settle = settle;
    stage.answers = () => ok;
    expect(await stage.run()).toEqual({ kind: "settled", requests: 1 });
  });
});
