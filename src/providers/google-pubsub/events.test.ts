import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { unreadableBecause } from "../../contact/unreadable.ts";
import type { InboundRequest } from "../provider.ts";
import { googlePubsub } from "./index.ts";

const documented = readFileSync(new URL("fixtures/documented-push.json", import.meta.url), "utf8");
const subscription = "projects/p/subscriptions/s";
const json = { "content-type": "application/json" };

function request(body: string | Buffer, headers: Record<string, string> = json): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function only(body: string | Buffer, headers?: Record<string, string>) {
  const parsed = googlePubsub.parse(request(body, headers));
  if (parsed.kind !== "events" || parsed.events.length !== 1) throw new Error(JSON.stringify(parsed));
  const [event] = parsed.events;
  if (!event) throw new Error("no event");
  return event;
}

function wrapped(data: string | Buffer, more: object = {}) {
  const message = { messageId: "7", publishTime: "2026-03-14T09:26:53.589Z", ...more };
  return JSON.stringify({
    message: { ...message, data: Buffer.from(data).toString("base64") },
    subscription,
  });
}

const rootOf = (event: ReturnType<typeof only>) => googlePubsub.map(event).root;

describe("what can never be read", () => {
  test.each([
    ["no JSON", "{", json],
    ["data that is not base64", JSON.stringify({ message: { data: "%" }, subscription }), json],
    [
      "a CloudEvent in attributes without an id",
      wrapped("{}", { attributes: { "ce-specversion": "1.0", "ce-type": "t", "ce-source": "/s" } }),
      json,
    ],
    [
      "a CloudEvent in attributes whose JSON is none",
      wrapped("{", {
        attributes: {
          "ce-specversion": "1.0",
          "ce-id": "1",
          "ce-type": "t",
          "ce-source": "/s",
          "content-type": "application/json",
        },
      }),
      json,
    ],
  ])("%s is kept for a person", (_, body, headers) => {
    const event = only(body, headers);
    expect(event).toMatchObject({ type: "unreadable", mandatory: true });
    expect(event.attributes[unreadableBecause]).toMatch(/\w/);
    expect(JSON.parse(event.payload)).toEqual({ text: body });
  });

  it("nobody can say it of a message by an attribute", () => {
    const attributes = { [unreadableBecause]: "x", "Unreadable-Because": "y" };
    expect(only(wrapped("{}", { attributes })).attributes[unreadableBecause]).toBeUndefined();
  });
});

describe("a wrapped message", () => {
  it("as Google documents it is known by its id and time, and its data is a text", () => {
    const event = only(documented);
    expect(event).toEqual({
      id: '["message","2070443601311540"]',
      type: "message",
      occurredAt: Date.parse("2021-02-26T19:13:55.749Z"),
      attributes: {
        key: "value",
        subscription: "projects/myproject/subscriptions/mysubscription",
        messageId: "2070443601311540",
      },
      payload: '"Hello Cloud Pub/Sub! Here is my message!"',
    });
  });

  it("with JSON keeps its exact text, which is the root", () => {
    const data = '{"email":"ada@example.com","n":706405506930370084}';
    const event = only(wrapped(data, { attributes: { eventType: "changed" }, orderingKey: "ada" }));
    expect(event.payload).toBe(data);
    expect(event.type).toBe("changed");
    expect(event.attributes["orderingKey"]).toBe("ada");
    expect(googlePubsub.map(event)).toMatchObject({
      root: { email: "ada@example.com" },
      candidates: { email: [{ path: "email", value: "ada@example.com" }] },
    });
  });

  it("with a structured CloudEvent is that event, as old as it says, or as its message", () => {
    const event = { specversion: "1.0", id: "1", source: "/s", type: "t", data: { email: "a@b.c" } };
    const timed = only(wrapped(JSON.stringify({ ...event, time: "2026-01-01T00:00:00Z" })));
    expect(timed).toMatchObject({ id: '["/s","1"]', type: "t", occurredAt: Date.UTC(2026, 0, 1) });
    expect(rootOf(timed)).toEqual({ email: "a@b.c" });
    const untimed = only(wrapped(JSON.stringify(event)));
    expect(untimed.occurredAt).toBe(Date.parse("2026-03-14T09:26:53.589Z"));
    expect(untimed.attributes).toMatchObject({ messageId: "7", source: "/s" });
  });

  it("with a CloudEvent in its attributes is that event, its texts as they are", () => {
    const attributes = {
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-source": "/s",
      "ce-type": "t",
      "ce-subject": "100%41 é",
      "Content-Type": "application/json",
    };
    const event = only(wrapped('{"email":"a@b.c"}', { attributes }));
    expect(event).toMatchObject({ id: '["/s","1"]', type: "t", attributes: { subject: "100%41 é" } });
    expect(rootOf(event)).toEqual({ email: "a@b.c" });
  });

  it("with an event of another bus is that event", () => {
    const carried = { id: "9", "detail-type": "Changed", source: "crm", detail: { email: "a@b.c" } };
    const event = only(wrapped(JSON.stringify(carried)));
    expect(event).toMatchObject({ id: "9", type: "Changed" });
    expect(rootOf(event)).toEqual({ email: "a@b.c" });
  });

  it("with bytes is kept, and without data too", () => {
    expect(only(wrapped(Buffer.from([0xff]))).payload).toBe('"/w=="');
    const empty = JSON.stringify({ message: { messageId: "7", attributes: { a: "b" } }, subscription });
    expect(only(empty).payload).toBe('""');
  });
});

describe("a message that is not wrapped", () => {
  const headers = {
    ...json,
    authorization: "Bearer secret",
    "x-webhook-key": "secret",
    eventtype: "changed",
    "x-goog-pubsub-subscription-name": subscription,
    "x-goog-pubsub-message-id": "7",
    "x-goog-pubsub-publish-time": "2026-03-14T09:26:53.589Z",
  };

  it("is known by its headers, of which none that could hold a key is kept", () => {
    const body = '{"email":"ada@example.com"}';
    expect(only(body, headers)).toEqual({
      id: '["message","7"]',
      type: "changed",
      occurredAt: Date.parse("2026-03-14T09:26:53.589Z"),
      attributes: { subscription, messageId: "7" },
      payload: body,
    });
  });

  it("without metadata is known by its bytes alone", () => {
    expect(only('{"a":1}')).toMatchObject({ id: undefined, occurredAt: undefined, attributes: {} });
  });

  it("with a CloudEvent in its headers is that event", () => {
    const event = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-a": "%41" };
    expect(only("{}", { ...headers, ...event })).toMatchObject({ id: '["/s","1"]', attributes: { a: "A" } });
  });

  it("which has a member of the name message is no wrapped one", () => {
    expect(rootOf(only('{"message":{"data":"%"}}'))).toEqual({ message: { data: "%" } });
  });
});
