import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { InboundRequest, Parsed, ProviderEvent } from "../provider.ts";
import { woocommerce } from "./index.ts";

const headers = {
  "content-type": "application/json",
  "x-wc-webhook-topic": "order.updated",
  "x-wc-webhook-resource": "order",
  "x-wc-webhook-event": "updated",
};

function request(body: string | Buffer, given: Record<string, string> = headers): InboundRequest {
  return { method: "POST", headers: given, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function parse(value: unknown, given: Record<string, string> = headers): Parsed {
  return woocommerce.parse(request(JSON.stringify(value), given));
}

function eventOf(value: unknown, given: Record<string, string> = headers): ProviderEvent {
  const parsed = parse(value, given);
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`${parsed.kind} instead of an event`);
  return parsed.events[0];
}

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8"));
}

describe("what cannot be read", () => {
  it.each(["", "[]", "null", '"text"', "webhook_id=4", '{"id":'])("%j is malformed", (body) => {
    expect(woocommerce.parse(request(body)).kind).toBe("malformed");
  });

  it("bytes that are not UTF-8 are malformed, another content type is unsupported", () => {
    expect(woocommerce.parse(request(Buffer.from([0x22, 0xff, 0x22]))).kind).toBe("malformed");
    expect(parse({ id: 1 }, { "content-type": "application/x-www-form-urlencoded" }).kind).toBe(
      "unsupported",
    );
  });
});

describe("identity", () => {
  const order = { id: 727, date_modified_gmt: "2026-01-05T10:00:03", billing: { email: "a@example.com" } };

  it("is the body's: no header is signed, and the delivery id is one for all deliveries of a second", () => {
    const event = eventOf(order, {
      ...headers,
      "x-wc-webhook-delivery-id": "forged",
      "x-wc-webhook-id": "4",
    });
    expect(event).toMatchObject({ id: undefined, attributes: { deliveryId: "forged", webhookId: "4" } });
  });

  it("two saves of one order within a second stay two events, of the same time", () => {
    const saved = { ...order, billing: { email: "b@example.com" } };
    const [first, second] = [eventOf(order), eventOf(saved)];
    expect([first.id, second.id]).toEqual([undefined, undefined]);
    expect(first.payload).not.toBe(second.payload);
    expect(first.occurredAt).toBe(second.occurredAt);
  });
});

describe("the type", () => {
  const order = { id: 727, order_key: "wc_order_1", billing: {} };

  it("is the topic, and the mapping does not depend on it", () => {
    expect(eventOf(order, { ...headers, "x-wc-webhook-topic": " customer.updated " }).type).toBe(
      "customer.updated",
    );
    const event = eventOf({ ...order, billing: { email: "a@example.com" } }, headers);
    expect(woocommerce.map({ ...event, type: "coupon.deleted" })).toEqual(woocommerce.map(event));
  });

  it.each([
    ["an order", order, "order.unknown"],
    ["a subscription, which is made like an order", { id: 1, billing: {} }, "order.unknown"],
    ["a customer", { id: 25, username: "ada", billing: {} }, "customer.unknown"],
    ["a product", { id: 18, regular_price: "1.00" }, "product.unknown"],
    ["a coupon", { id: 16, code: "hook", discount_type: "percent" }, "coupon.unknown"],
    ["something deleted", { id: 16 }, "unknown.deleted"],
    ["an action's argument", { action: "woocommerce_add_to_cart", arg: "a1" }, "unknown"],
    ["an error", { code: "woocommerce_rest_cannot_view", data: { status: 401 } }, "unknown"],
    ["nothing", {}, "unknown"],
  ])("without a topic is read from the body: %s", (_name, body, type) => {
    expect(eventOf(body, { "content-type": "application/json" }).type).toBe(type);
    expect(eventOf(body, { ...headers, "x-wc-webhook-topic": "" }).type).toBe(type);
  });

  it.each([
    ["customer", "customer.unknown"],
    ["order-guest", "order.unknown"],
    ["order-customer", "order.unknown"],
  ])("of the documented %s without a topic is %s", (name, type) => {
    expect(eventOf(fixture(name), {}).type).toBe(type);
  });
});

describe("the time", () => {
  it.each([
    ["2026-01-05T10:00:03", Date.UTC(2026, 0, 5, 10, 0, 3)],
    ["2026-01-05T10:00:03Z", Date.UTC(2026, 0, 5, 10, 0, 3)],
    ["2026-01-05T10:00:03+08:00", Date.UTC(2026, 0, 5, 2, 0, 3)],
    ["-0001-11-30T00:00:00", undefined],
    ["2026-02-30T10:00:00", undefined],
    ["", undefined],
    [null, undefined],
    [1_767_607_203, undefined],
    ["2".repeat(100_000), undefined],
  ])("%j is UTC although no zone is written", (date_modified_gmt, occurredAt) => {
    expect(eventOf({ id: 1, date_modified_gmt }).occurredAt).toBe(occurredAt);
  });

  it("is that of the creation of what was never changed, and never the shop's local time", () => {
    const created = { id: 1, date_modified_gmt: null, date_created_gmt: "2026-01-05T10:00:00" };
    expect(eventOf(created).occurredAt).toBe(Date.UTC(2026, 0, 5, 10));
    expect(eventOf({ id: 1, date_modified: "2026-01-05T10:00:00" }).occurredAt).toBeUndefined();
    expect(eventOf(fixture("customer")).occurredAt).toBe(Date.UTC(2017, 2, 21, 19, 9, 30));
  });
});

it("the payload is the body's exact text", () => {
  const text = '{ "id": 9007199254740993, "name": "\\u00e9" }';
  expect(woocommerce.parse(request(text))).toMatchObject({ events: [{ payload: text }] });
});
