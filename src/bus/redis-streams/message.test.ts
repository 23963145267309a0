import { expect, it } from "vitest";
import { entryIdOf, messageOf } from "./message.ts";

const entry = (fields: Record<string, string>, id = "1773217800123-7") =>
  messageOf("crm.events", [
    Buffer.from(id),
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
  ]);

it("attributes in fields and `data` are a CloudEvent in binary mode", () => {
  const message = entry({
    "ce-id": "1",
    CE_Type: "user.created",
    data: '{"a":1}',
    "content-type": "application/json",
  });
  expect(message?.headers).toEqual({
    "ce-id": "1",
    "ce-type": "user.created",
    "content-type": "application/json",
  });
  expect(message?.body.toString()).toBe('{"a":1}');
});

it("an attribute may hold anything, its content type among them", () => {
  const message = entry({
    "ce-id": "1 %",
    "ce-subject": "Zoë",
    "ce-datacontenttype": "text/plain",
    data: "a",
  });
  expect(message?.headers).toEqual({
    "ce-id": "1%20%25",
    "ce-subject": "Zo%C3%AB",
    "content-type": "text/plain",
  });
});

it("`data` alone is the whole message, JSON unless it says otherwise", () => {
  expect(entry({ data: "{}" })).toMatchObject({ headers: { "content-type": "application/json" } });
  expect(entry({ data: "{}", "content-type": "application/cloudevents+json" })?.headers).toEqual({
    "content-type": "application/cloudevents+json",
  });
});

it("other fields are a flat object, `data` among them", () => {
  const body = (fields: Record<string, string>) =>
    JSON.parse(entry(fields)?.body.toString() ?? "") as unknown;
  expect(body({ email: "a@b.c", name: "Ada" })).toEqual({ email: "a@b.c", name: "Ada" });
  expect(body({ email: "a@b.c", data: "x", __proto__x: "y" })).toEqual({
    email: "a@b.c",
    data: "x",
    __proto__x: "y",
  });
});

it("the id of the entry tells when it was added, and names it within its stream", () => {
  const message = entry({ data: "{}" });
  expect(message).toMatchObject({ at: 1_773_217_800_123, position: "crm.events 1773217800123-7" });
  expect(message && entryIdOf(message)).toBe("1773217800123-7");
  expect(entry({ data: "{}" }, "0-5")?.at).toBeUndefined();
});

it("an entry that was trimmed away is no message", () => {
  expect(messageOf("s", [Buffer.from("1-1"), null])).toBeUndefined();
});

it("a key of idempotency is a header, and `data` beside it stays the whole message", () => {
  const message = entry({ data: '{"a":1}', "idempotency-key": "k1" });
  expect(message?.headers).toMatchObject({ "idempotency-key": "k1" });
  expect(message?.body.toString()).toBe('{"a":1}');
  expect(entry({ email: "a@example.com", "idempotency-key": "k1" })?.headers).toMatchObject({
    "idempotency-key": "k1",
  });
});

it("the trace of an entry is a header, beside an event, beside `data` and among plain fields", () => {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  expect(entry({ "ce-id": "1", traceparent })?.headers).toEqual({ "ce-id": "1", traceparent });
  const beside = entry({ data: "{}", traceparent, tracestate: "vendor=1" });
  expect(beside?.headers).toMatchObject({ traceparent, tracestate: "vendor=1" });
  expect(beside?.body.toString()).toBe("{}");
  expect(entry({ email: "a@example.com", traceparent })?.headers).toMatchObject({ traceparent });
});
