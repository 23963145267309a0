import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { eventGrid } from "./index.ts";

const validation = readFileSync(new URL("fixtures/subscription-validation.json", import.meta.url), "utf8");
const event = {
  id: "1",
  topic: "/t",
  eventType: "Contact.Changed",
  subject: "contacts/7",
  eventTime: "2026-03-14T09:26:53.589Z",
  data: { email: "ada@example.com" },
};
const key = { authorization: "Bearer k3y" };
const asks = { ...key, "aeg-event-type": "SubscriptionValidation" };

function request(body: unknown, headers: Record<string, string> = {}): InboundRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(text), receivedAt: 0 };
}

const handshake = (body: unknown, headers: Record<string, string>) =>
  eventGrid.handshake?.(request(body, headers), { secrets: [], keys: ["k3y"] });

describe("the question whether events are wanted", () => {
  it("is not answered to whoever has no key", () => {
    expect(handshake(validation, { "aeg-event-type": "SubscriptionValidation" })).toBeUndefined();
    expect(handshake(validation, { ...asks, authorization: "Bearer other" })).toBeUndefined();
  });

  it("is not answered where nothing is asked", () => {
    expect(handshake(validation, key)).toBeUndefined();
    expect(handshake([event], asks)).toBeUndefined();
    expect(
      handshake([{ ...event, eventType: "Microsoft.EventGrid.SubscriptionValidationEvent" }], asks),
    ).toBeUndefined();
    expect(handshake("{", asks)).toBeUndefined();
  });

  it("is answered with its own code", () => {
    expect(handshake(validation, asks)).toEqual({
      status: 200,
      headers: { "content-type": "application/json" },
      body: '{"validationResponse":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}',
    });
  });

  it("is no event, should it come again", () => {
    expect(eventGrid.parse(request(validation))).toEqual({
      kind: "ignored",
      reason: "subscription-validation",
    });
  });
});

test.each([
  ["no list", event],
  ["an event without an id", [{ ...event, id: "" }]],
  ["an event without a type", [event, { ...event, eventType: null }]],
  ["no JSON", "["],
])("%s is malformed", (_, body) => {
  expect(eventGrid.parse(request(body)).kind).toBe("malformed");
});

it("every event of a list keeps its exact text, its id, type and time", () => {
  const texts = [
    JSON.stringify({ ...event, n: 1 }).replace('"n":1', '"n": 706405506930370084'),
    JSON.stringify({ ...event, id: "2" }),
  ];
  const parsed = eventGrid.parse(request(`[ ${texts.join(" , ")} ]`));
  if (parsed.kind !== "events") throw new Error(parsed.kind);
  expect(parsed.events.map(({ payload }) => payload)).toEqual(texts);
  expect(parsed.events[0]).toMatchObject({
    id: '["/t","1"]',
    type: "Contact.Changed",
    occurredAt: Date.parse(event.eventTime),
    attributes: { subject: "contacts/7", topic: "/t" },
  });
  expect(eventGrid.parse(request([]))).toEqual({ kind: "ignored", reason: "empty-batch" });
});
