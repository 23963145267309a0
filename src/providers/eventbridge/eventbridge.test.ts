import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import type { InboundRequest, Parsed } from "../provider.ts";
import { eventbridge } from "./index.ts";

const partner = readFileSync(new URL("fixtures/stripe-partner-event.json", import.meta.url), "utf8");
const event = {
  version: "0",
  id: "1",
  "detail-type": "Contact Changed",
  source: "com.example.crm",
  detail: { email: "ada@example.com" },
};

function request(body: string, headers: Record<string, string> = {}): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function parse(body: unknown): Parsed {
  return eventbridge.parse(request(typeof body === "string" ? body : JSON.stringify(body)));
}

describe("refusals", () => {
  test.each([
    ["what a rule has transformed into something else", { email: "ada@example.com" }],
    ["an event without an id", { ...event, id: undefined }],
    ["an event without a type", { ...event, "detail-type": 5 }],
    ["an event whose detail is no object", { ...event, detail: "text" }],
    ["a list", [event]],
    ["no JSON", "{"],
  ])("%s is malformed, and says what is expected", (_, body) => {
    expect(parse(body)).toMatchObject({ kind: "malformed", message: expect.stringMatching(/\w/) });
  });

  it("another content type is not supported", () => {
    expect(eventbridge.parse(request("{}", { "content-type": "text/plain" })).kind).toBe("unsupported");
  });

  it("the key is right in the header that a connection sends, and nowhere else", () => {
    const credentials = { secrets: [], keys: ["k3y"] };
    const verify = (headers: Record<string, string>) =>
      eventbridge.verify(request("{}", headers), credentials, 0).ok;
    expect(verify({ "x-webhook-key": "k3y" })).toBe(true);
    expect(verify({ authorization: "Bearer k3y" })).toBe(true);
    expect(verify({ authorization: `Basic ${Buffer.from("relay:k3y").toString("base64")}` })).toBe(true);
    expect(verify({ "x-api-key": "k3y" })).toBe(false);
  });
});

it("an event is itself by its id, of its detail-type and time, with every digit", () => {
  const parsed = parse(partner);
  if (parsed.kind !== "events") throw new Error(parsed.kind);
  expect(parsed.events).toEqual([
    {
      id: "9a1c6b0e-3a0f-9c3b-7f0a-0e8a5f5d6c11",
      type: "customer.updated",
      occurredAt: Date.UTC(2026, 2, 14, 9, 26, 53),
      attributes: {
        id: "9a1c6b0e-3a0f-9c3b-7f0a-0e8a5f5d6c11",
        source: "aws.partner/stripe.com/ed_test_61PZ",
        "detail-type": "customer.updated",
        account: "123456789012",
        region: "us-east-1",
      },
      payload: partner,
    },
  ]);
});

it("an event without a time is as old as its arrival", () => {
  const parsed = parse(event);
  expect(parsed.kind === "events" && parsed.events[0]?.occurredAt).toBeUndefined();
});

it("detail is the root, and its members named like our fields are taken", () => {
  const mapped = (payload: string) => eventbridge.map({ type: "t", attributes: {}, payload });
  expect(mapped(JSON.stringify(event))).toEqual({
    kind: "contact",
    root: { email: "ada@example.com" },
    candidates: { email: [{ path: "email", value: "ada@example.com" }] },
  });
  expect(mapped(partner)).toMatchObject({
    root: { data: { object: { email: "ada@example.com", balance: "706405506930370084" } } },
    candidates: {},
  });
});
