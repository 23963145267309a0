import { describe, expect, it } from "vitest";
import type { InboundRequest, Parsed, ProviderEvent } from "../provider.ts";
import { shopify } from "./index.ts";

function parse(body: string | Buffer, headers: Record<string, string> = {}): Parsed {
  const request: InboundRequest = {
    method: "POST",
    headers,
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: 0,
  };
  return shopify.parse(request);
}

function eventOf(body: object, headers: Record<string, string> = {}): ProviderEvent {
  const parsed = parse(JSON.stringify(body), headers);
  const event = parsed.kind === "events" ? parsed.events[0] : undefined;
  if (!event) throw new Error(`no event: ${JSON.stringify(parsed)}`);
  return event;
}

function timeOf(body: object, headers: Record<string, string> = {}): string | undefined {
  const { occurredAt } = eventOf(body, headers);
  return occurredAt === undefined ? undefined : new Date(occurredAt).toISOString();
}

describe("content types", () => {
  it.each(["application/xml", "text/xml; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"])(
    "%s is unsupported",
    (type) => {
      expect(parse("{}", { "content-type": type }).kind).toBe("unsupported");
    },
  );

  it.each(["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"])(
    "%s is read",
    (type) => {
      expect(parse("{}", { "content-type": type }).kind).toBe("events");
    },
  );

  it("none at all is read as JSON; bytes that are not UTF-8 are malformed", () => {
    expect(parse("{}").kind).toBe("events");
    expect(parse(Buffer.from([0x7b, 0xff, 0x7d])).kind).toBe("malformed");
  });

  it("the payload is the text that was sent, blanks and long numbers and all", () => {
    const text = '{ "id": 706405506930370084,\n  "total_price": "1.00" }';
    const parsed = parse(text);
    expect(parsed.kind === "events" && parsed.events[0]?.payload).toBe(text);
  });
});

describe("the type", () => {
  it.each([
    [{}, "unknown"],
    [{ "x-shopify-topic": "  " }, "unknown"],
    [{ "shopify-action": "create" }, "unknown"],
    [{ "x-shopify-topic": "orders/create" }, "orders/create"],
    [{ "x-shopify-topic": "Orders/Create" }, "orders/create"],
    [{ "x-shopify-topic": "orders/paid", "shopify-action": "create" }, "orders/paid"],
    [{ "shopify-topic": "Product" }, "product"],
    [{ "shopify-topic": "Product", "shopify-action": "" }, "product"],
    [{ "shopify-topic": "Product", "shopify-action": "create" }, "products/create"],
    [{ "shopify-topic": "Company", "shopify-action": "delete" }, "companies/delete"],
    [{ "shopify-topic": "Order", "shopify-action": "update" }, "orders/updated"],
  ])("of headers %j is %s", (headers, type) => {
    expect(eventOf({ id: 1 }, headers).type).toBe(type);
  });

  it("of an Event is what its signed body says, whatever the headers do", () => {
    const body = { topic: "Customer", action: "update", handle: "h", fields_changed: [], data: {} };
    expect(eventOf(body).type).toBe("customers/update");
    expect(eventOf(body, { "shopify-topic": "Order", "shopify-action": "delete" }).type).toBe(
      "customers/update",
    );
    expect(eventOf(body, { "x-shopify-topic": "orders/create" }).type).toBe("customers/update");
  });

  it("of a webhook is its header's, even where its resource has a topic and an action", () => {
    const body = { topic: "Customer", action: "update" };
    expect(eventOf(body, { "x-shopify-topic": "products/create" }).type).toBe("products/create");
  });
});

describe("the time", () => {
  it("is never a header's", () => {
    expect(timeOf({ id: 1 }, { "x-shopify-triggered-at": "2026-01-01T00:00:00Z" })).toBeUndefined();
    expect(timeOf({ id: 1 }, { "shopify-triggered-at": "2026-01-01T00:00:00Z" })).toBeUndefined();
  });

  it.each([
    ["a redaction, which has none", { shop_id: 1, shop_domain: "a", customer: {}, orders_to_redact: [] }],
    ["null", { updated_at: null, created_at: null }],
    ["no time", { updated_at: "yesterday" }],
    ["a number", { updated_at: 1_767_607_200 }],
    ["a time without its zone", { updated_at: "2026-01-05T10:00:00" }],
    ["a line item's", { line_items: [{ updated_at: "2026-01-05T10:00:00Z" }] }],
    ["another object's", { id: 1, customer: { updated_at: "2026-01-05T10:00:00Z" } }],
  ])("is not found in %s", (_name, body) => {
    expect(timeOf(body)).toBeUndefined();
  });

  const early = "2026-01-04T10:00:00+08:00";
  const late = "2026-01-05T18:00:00+08:00";

  it.each([
    ["an order's change, not its creation", { created_at: early, processed_at: early, updated_at: late }],
    ["a refund's processing", { created_at: early, processed_at: late }],
    ["a creation, when nothing else is known", { updated_at: null, created_at: late }],
    ["an SMS consent's", { id: 1, sms_marketing_consent: { consent_updated_at: late } }],
    ["an e-mail consent's", { customer_id: 1, email_marketing_consent: { consent_updated_at: late } }],
    ["a wrapped resource's", { customer: { created_at: early, updated_at: late } }],
  ])("is %s", (_name, body) => {
    expect(timeOf(body)).toBe("2026-01-05T10:00:00.000Z");
  });

  it("of an Event is that of the queried resource; an update's is never the creation's", () => {
    const event = { topic: "Customer", handle: "h", fields_changed: [] };
    const customer = { createdAt: early, updatedAt: late };
    expect(timeOf({ ...event, action: "update", data: { customer } })).toBe("2026-01-05T10:00:00.000Z");
    const unasked = { createdAt: early };
    expect(timeOf({ ...event, action: "update", data: { customer: unasked } })).toBeUndefined();
    expect(timeOf({ ...event, action: "create", data: { customer: unasked } })).toBe(
      "2026-01-04T02:00:00.000Z",
    );
  });
});

it("both header families bring the same attributes, and they identify nothing", () => {
  const names = {
    "shop-domain": "a.myshopify.com",
    "api-version": "2026-07",
    "webhook-id": "w",
    "event-id": "e",
  };
  const family = (prefix: string) =>
    Object.fromEntries(Object.entries(names).map(([name, value]) => [`${prefix}${name}`, value]));
  const attributes = { shop: "a.myshopify.com", apiVersion: "2026-07", webhookId: "w", eventId: "e" };
  expect(eventOf({}, family("x-shopify-"))).toMatchObject({ id: undefined, attributes });
  expect(eventOf({}, family("shopify-"))).toMatchObject({ id: undefined, attributes });
});

it("a sample is sent with the vendor's headers, a repeated one under the same webhook id", () => {
  for (const sample of shopify.samples) {
    const request = { headers: sample.headers, body: Buffer.from(sample.body) };
    const [first, again] = [shopify.sign(request, "s", 0), shopify.sign(request, "s", 60_000)];
    expect(first.headers).toMatchObject({
      "x-shopify-topic": sample.type,
      "x-shopify-shop-domain": expect.stringMatching(/\.myshopify\.com$/),
      "x-shopify-webhook-id": expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      "x-shopify-hmac-sha256": expect.stringMatching(/^.{43}=$/),
    });
    expect(again.headers["x-shopify-webhook-id"]).toBe(first.headers["x-shopify-webhook-id"]);
  }
});
