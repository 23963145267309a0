import { describe, expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { standardWebhooks } from "./index.ts";

function request(body: string | Buffer, headers: Record<string, string> = {}): InboundRequest {
  const all = { "content-type": "application/json", "webhook-id": "msg_1", ...headers };
  return { method: "POST", headers: all, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function eventOf(payload: object, headers?: Record<string, string>) {
  const parsed = standardWebhooks.parse(request(JSON.stringify(payload), headers));
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`not an event: ${parsed.kind}`);
  return parsed.events[0];
}

describe("the body", () => {
  it.each([
    ["empty", ""],
    ["a list", "[]"],
    ["text", '"contact.created"'],
    ["cut off", '{"type":'],
    ["not UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
  ])("that is %s is malformed", (_name, body) => {
    expect(standardWebhooks.parse(request(body)).kind).toBe("malformed");
  });

  it("has to be JSON", () => {
    expect(standardWebhooks.parse(request("a=1", { "content-type": "text/plain" })).kind).toBe("unsupported");
  });
});

describe("an event", () => {
  it("as the specification has it: type and time of the payload, id of the header", () => {
    const payload = { type: "user.created", timestamp: "2022-11-03T20:26:10.344522Z", data: { id: "1" } };
    expect(eventOf(payload)).toEqual({
      id: "msg_1",
      type: "user.created",
      occurredAt: Date.UTC(2022, 10, 3, 20, 26, 10, 344),
      attributes: {},
      payload: JSON.stringify(payload),
    });
  });

  it("is itself by its id in either family, over every retry", () => {
    const first = eventOf({ type: "a" }, { "webhook-timestamp": "1700000000" });
    expect(eventOf({ type: "a" }, { "webhook-timestamp": "1700000300" })).toEqual(first);
    expect(eventOf({ type: "a" }, { "webhook-id": "", "svix-id": "msg_2" }).id).toBe("msg_2");
    expect(eventOf({ type: "a" }, { "webhook-id": "" }).id).toBeUndefined();
  });

  it.each([
    ["event, as others name it", { event: "order.paid" }, "order.paid"],
    ["eventType", { eventType: "invoice.paid" }, "invoice.paid"],
    [
      "scope",
      { scope: "store/customer/updated", data: { type: "customer", id: 32 } },
      "store/customer/updated",
    ],
    ["the first of several", { type: "a", event: "b", scope: "c" }, "a"],
    ["none that is text", { type: 7, event: {}, eventType: "", scope: null }, "event"],
    ["none at all", {}, "event"],
  ])("has a type from %s", (_name, payload, type) => {
    expect(eventOf(payload).type).toBe(type);
  });

  it.each([
    ["in milliseconds, as Clerk sends it", { timestamp: 1_654_012_591_835 }, 1_654_012_591_835],
    ["in seconds", { timestamp: 1_654_012_591 }, 1_654_012_591_000],
    ["created_at, as Resend sends it", { created_at: "2022-05-31T15:56:31.835Z" }, 1_654_012_591_835],
    ["created_at in seconds, as BigCommerce sends it", { created_at: 1_654_012_591 }, 1_654_012_591_000],
    ["createdAt", { createdAt: "2022-05-31T15:56:31Z" }, 1_654_012_591_000],
    [
      "the first that is a time",
      { timestamp: "now", created_at: 1e20, createdAt: 1_654_012_591 },
      1_654_012_591_000,
    ],
    [
      "the specification's own before others'",
      { created_at: 1, timestamp: "2022-05-31T15:56:31Z" },
      1_654_012_591_000,
    ],
  ])("is as old as its payload says: %s", (_name, payload, occurredAt) => {
    expect(eventOf(payload, { "webhook-timestamp": "1700000000" }).occurredAt).toBe(occurredAt);
  });

  it.each([
    ["absent: the header's is that of the attempt", undefined],
    ["in words", "yesterday"],
    ["without an offset", "2022-11-03T20:26:10"],
    ["beyond every calendar", 1e20],
  ])("has no time of its own where it is %s", (_name, timestamp) => {
    const event = eventOf({ type: "a", timestamp }, { "webhook-timestamp": "1700000000" });
    expect(event.occurredAt).toBeUndefined();
  });

  it("is the mapping's root as a whole, with every digit, and maps nothing by itself", () => {
    const payload = '{"type":"a","data":{"email":"a@example.com","n":706405506930370084}}';
    expect(standardWebhooks.map({ type: "a", attributes: {}, payload })).toEqual({
      kind: "contact",
      root: { type: "a", data: { email: "a@example.com", n: "706405506930370084" } },
      candidates: {},
    });
  });
});
