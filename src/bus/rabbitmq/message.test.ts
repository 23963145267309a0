import { expect, it } from "vitest";
import { messageOf } from "./message.ts";

const message = (
  properties: Readonly<Record<string, unknown>>,
  body = "{}",
  fields = { exchange: "", routingKey: "crm" },
) => messageOf("crm.events", { content: Buffer.from(body), fields, properties });
const headersOf = (headers: object, more: object = {}) => message({ headers, ...more }).headers;

it.each(["cloudEvents:", "cloudEvents_", "ce-", "CE_"])(
  "attributes in headers that begin with %s are a CloudEvent in binary mode",
  (prefix) => {
    const headers = { [`${prefix}id`]: "1", [`${prefix}Type`]: "user.created" };
    expect(headersOf(headers, { contentType: "application/json" })).toEqual({
      "ce-id": "1",
      "ce-type": "user.created",
      "content-type": "application/json",
    });
  },
);

it("the content type is the property's; the attribute that says it once more is no attribute", () => {
  expect(headersOf({ "ce-id": "1" })).toEqual({ "ce-id": "1" });
  expect(headersOf({ "ce-id": "1", "ce-datacontenttype": "text/json" }, { contentType: "a/b" })).toEqual({
    "ce-id": "1",
    "content-type": "text/json",
  });
  expect(headersOf({}, { contentType: "application/cloudevents+json" })).toEqual({
    "content-type": "application/cloudevents+json",
  });
});

it("a message that does not say what it is, is taken for JSON, with or without headers", () => {
  expect(message({}).headers).toEqual({ "content-type": "application/json" });
  expect(headersOf({ Tenant: "eu" })).toEqual({ tenant: "eu", "content-type": "application/json" });
});

it("values of any type become text, and an attribute is written as in a header of HTTP", () => {
  const time = { "!": "timestamp", value: 1_772_352_000 };
  expect(
    headersOf({
      "ce-time": time,
      "ce-sequence": 7,
      "ce-urgent": true,
      "ce-subject": 'Zoë 100% "x"',
      "ce-source": Buffer.from("/crm"),
      list: ["a"],
      table: { a: 1 },
      nothing: null,
      never: { "!": "timestamp", value: 1e18 },
      plain: "Zoë 100%",
    }),
  ).toEqual({
    "ce-time": "2026-03-01T08:00:00.000Z",
    "ce-sequence": "7",
    "ce-urgent": "true",
    "ce-subject": "Zo%C3%AB%20100%25%20%22x%22",
    "ce-source": "/crm",
    plain: "Zoë 100%",
  });
});

it("a publisher's message id names it; another queue's is another message", () => {
  expect(message({ messageId: "m-1" }).position).toBe("crm.events id m-1");
  expect(message({ messageId: "" }).position).toMatch(/^crm\.events sha256 /);
});

it("without one everything that the publisher wrote names it, and nothing that RabbitMQ adds on the way", () => {
  const base = { headers: { tenant: "x", list: [1, Buffer.from("y")] }, timestamp: 1_772_352_000, type: "t" };
  const position = message(base).position;
  const again = {
    type: "t",
    timestamp: 1_772_352_000,
    messageId: undefined,
    headers: {
      "x-delivery-count": 3,
      "x-acquired-count": 4,
      "x-death": [{ count: 1 }],
      "x-first-death-queue": "q",
      "x-last-death-reason": "expired",
      list: [1, Buffer.from("y")],
      tenant: "x",
    },
  };
  expect(message(again).position).toBe(position);
  const others = [
    message({ ...base, headers: { ...base.headers, tenant: "z" } }),
    message({ ...base, timestamp: 1_772_352_001 }),
    message({ ...base, type: "u" }),
    message(base, "{ }"),
    message(base, "{}", { exchange: "", routingKey: "erp" }),
    message(base, "{}", { exchange: "x", routingKey: "crm" }),
  ].map((one) => one.position);
  expect(new Set([position, ...others]).size).toBe(7);
});

it("the time is that of the property in seconds, or finer where RabbitMQ adds it", () => {
  expect(message({ timestamp: 1_772_352_000 }).at).toBe(1_772_352_000_000);
  expect(message({ timestamp: 1_772_352_000_123 }).at).toBe(1_772_352_000_123);
  expect(message({ timestamp: 1_772_352_000, headers: { timestamp_in_ms: 1_772_352_000_456 } }).at).toBe(
    1_772_352_000_456,
  );
  expect(message({}).at).toBeUndefined();
  expect(message({ timestamp: 0 }).at).toBeUndefined();
  expect(message({ timestamp: 2 ** 60 }).at).toBeUndefined();
});
