import { describe, expect, it } from "vitest";
import type { Credentials, InboundRequest } from "../provider.ts";
import { woocommerce } from "./index.ts";

const none: Credentials = { secrets: [], keys: [] };
const ping: InboundRequest = {
  method: "POST",
  headers: {
    "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    "user-agent": "WooCommerce/9.0.0 Hookshot (WordPress/6.6)",
  },
  query: {},
  target: "/webhooks/woocommerce",
  body: Buffer.from("webhook_id=4"),
  receivedAt: 0,
};

describe("the ping that saves a webhook", () => {
  it("is answered with exactly 200 and a word that nothing was done", () => {
    expect(woocommerce.handshake?.(ping, none)).toEqual({
      status: 200,
      headers: { "Content-Type": "application/json" },
      body: '{"status":"ignored","reason":"ping"}',
    });
  });

  it("is still no event: it proves nothing, and cannot be read as one", () => {
    expect(woocommerce.verify(ping, { secrets: ["s3cret"], keys: [] }, 0).ok).toBe(false);
    expect(woocommerce.parse(ping).kind).toBe("unsupported");
  });

  it.each<[string, Partial<InboundRequest>]>([
    ["another method", { method: "GET" }],
    ["PUT", { method: "PUT" }],
    ["no content type", { headers: {} }],
    ["JSON", { headers: { "content-type": "application/json" } }],
    ["multipart", { headers: { "content-type": "multipart/form-data; boundary=a" } }],
    ["a topic", { headers: { ...ping.headers, "x-wc-webhook-topic": "order.created" } }],
    ["an empty signature", { headers: { ...ping.headers, "x-wc-webhook-signature": "" } }],
    ["a header of WooCommerce yet unknown", { headers: { ...ping.headers, "x-wc-anything": "1" } }],
    ["an empty body", { body: Buffer.alloc(0) }],
    ["no id", { body: Buffer.from("webhook_id=") }],
    ["an id that is no number", { body: Buffer.from("webhook_id=4a") }],
    ["a negative id", { body: Buffer.from("webhook_id=-4") }],
    ["another parameter behind", { body: Buffer.from("webhook_id=4&id=25") }],
    ["another parameter before", { body: Buffer.from("id=25&webhook_id=4") }],
    ["a line break", { body: Buffer.from("webhook_id=4\n") }],
    ["another name", { body: Buffer.from("Webhook_id=4") }],
    ["an event", { body: Buffer.from('{"id":25}') }],
    ["an id longer than any", { body: Buffer.from(`webhook_id=${"4".repeat(1_000_000)}`) }],
  ])("is not a request with %s", (_name, change) => {
    expect(woocommerce.handshake?.({ ...ping, ...change }, none)).toBeUndefined();
  });
});
