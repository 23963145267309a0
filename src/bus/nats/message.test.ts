import { headers as natsHeaders, type Msg } from "@nats-io/transport-node";
import { expect, it } from "vitest";
import { deliveryOf, messageOf } from "./message.ts";

const reply = "$JS.ACK.CRM.contact-relay.2.7.9.1773217800123456789.3";
const delivery = { count: 2, sequence: 7, order: 9, takenNs: 1_773_217_800_123_456_789n };

function read(headers: Record<string, string>, data = "{}") {
  const given = natsHeaders();
  for (const [name, value] of Object.entries(headers)) given.append(name, value);
  const message = { headers: given, data: Buffer.from(data), reply } as unknown as Msg;
  return messageOf("CRM", message, delivery);
}

it("the subject of the acknowledgement tells place, turn, repetitions and time, in the old form and the new one", () => {
  expect(deliveryOf(reply)).toEqual(delivery);
  const newer = "$JS.ACK._.hash.CRM.contact-relay.2.7.9.1773217800123456789.3.random";
  expect(deliveryOf(newer)).toEqual(delivery);
  expect(deliveryOf(newer.replace(".random", ""))).toEqual(delivery);
});

it("what is no delivery of a stream is not taken for one", () => {
  const others = [
    "",
    "_INBOX.a.b",
    "$JS.ACK.CRM.d",
    reply.replace(".7.", ".x."),
    reply.replace(/1773\d+/, "now"),
  ];
  for (const other of others) expect(deliveryOf(other)).toBeUndefined();
});

it("attributes in headers are a CloudEvent in binary mode, written however", () => {
  const headers = {
    "ce-id": "1",
    "Ce-Type": "user.changed",
    "CONTENT-TYPE": "application/json",
    "x-other": "a",
  };
  expect(read(headers).headers).toEqual({
    "ce-id": "1",
    "ce-type": "user.changed",
    "content-type": "application/json",
  });
  expect(read({ "ce-id": "1" }).headers).toEqual({ "ce-id": "1" });
});

it("without attributes the content type tells what the body is, and it is JSON where none is given", () => {
  const structured = { "Content-Type": "application/cloudevents+json; charset=utf-8" };
  expect(read(structured).headers).toEqual({ "content-type": structured["Content-Type"] });
  expect(read({}, '{"a":1}')).toMatchObject({ headers: { "content-type": "application/json" } });
  expect(read({}, '{"a":1}').body.toString()).toBe('{"a":1}');
});

it("of a header that is there twice the first value counts", () => {
  const message = { headers: natsHeaders(), data: Buffer.alloc(0), reply } as unknown as Msg;
  message.headers?.append("ce-id", "1");
  message.headers?.append("ce-id", "2");
  expect(messageOf("CRM", message, delivery).headers).toEqual({ "ce-id": "1" });
});

it("headers that cannot be read hide no body", () => {
  const message = {
    get headers(): never {
      throw new Error("malformed");
    },
    data: Buffer.from("{}"),
    reply,
  } as unknown as Msg;
  expect(messageOf("CRM", message, delivery)).toMatchObject({
    headers: { "content-type": "application/json" },
  });
});

it("its place and its time name it among all messages of the stream", () => {
  expect(read({})).toMatchObject({ position: "CRM 7 1773217800123456789", at: 1_773_217_800_123 });
});

it("a key of idempotency is kept, written however, and makes no CloudEvent of it", () => {
  expect(read({ "Idempotency-Key": "k1" }).headers).toEqual({
    "idempotency-key": "k1",
    "content-type": "application/json",
  });
});

it("the trace of a message is kept, and makes no CloudEvent of it", () => {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  expect(read({ Traceparent: traceparent, tracestate: "vendor=1" }).headers).toEqual({
    traceparent,
    tracestate: "vendor=1",
    "content-type": "application/json",
  });
});
