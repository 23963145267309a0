import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unreadableBecause } from "../../contact/unreadable.ts";
import { sns } from "./index.ts";

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as Record<
    string,
    string
  >;
const notification = read("notification");
const confirmation = read("subscription-confirmation");
const topic = notification["TopicArn"];

function parse(message: object | string, headers: Record<string, string> = {}) {
  const body = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
  return sns.parse({ method: "POST", headers, query: {}, target: "/", body, receivedAt: 0 });
}

function only(...asked: Parameters<typeof parse>) {
  const parsed = parse(...asked);
  const [event] = parsed.kind === "events" ? parsed.events : [];
  if (!event) throw new Error(JSON.stringify(parsed));
  return event;
}

describe("confirmations", () => {
  it("a subscription asks for its own confirmation to be visited", () => {
    const parsed = parse(confirmation);
    expect(parsed).toMatchObject({ kind: "ignored", reason: "subscription-confirmation" });
    expect(parsed.kind === "ignored" && parsed.visit?.href).toBe(confirmation["SubscribeURL"]);
  });

  it("an address that confirms nothing is malformed, and not visited", () => {
    for (const SubscribeURL of [
      "https://evil.example/?Action=ConfirmSubscription",
      `https://sns.us-west-2.amazonaws.com/?Action=DeleteTopic&TopicArn=${topic}`,
    ]) {
      expect(parse({ ...confirmation, SubscribeURL }).kind).toBe("malformed");
    }
  });

  it("the end of a subscription asks for nothing, as a visit would begin it again", () => {
    expect(parse({ ...confirmation, Type: "UnsubscribeConfirmation" })).toEqual({
      kind: "ignored",
      reason: "unsubscribe-confirmation",
    });
  });

  it("a type that nobody knows is malformed", () => {
    expect(parse({ ...notification, Type: "Other" }).kind).toBe("malformed");
  });
});

describe("a notification", () => {
  it("as it is documented is known by its id and time", () => {
    expect(only(notification)).toEqual({
      id: `["message","${notification["MessageId"]}"]`,
      type: "Notification",
      occurredAt: Date.parse("2026-03-14T09:26:53.589Z"),
      attributes: { topic, messageId: notification["MessageId"], subject: "My First Message" },
      payload: '"Hello world!"',
    });
  });

  it("with JSON keeps its exact text, and its attributes but for bytes", () => {
    const Message = '{"email":"ada@example.com","n":706405506930370084}';
    const MessageAttributes = {
      type: { Type: "String", Value: "contact.changed" },
      count: { Type: "Number", Value: "3" },
      bytes: { Type: "Binary", Value: "AAAA" },
      [unreadableBecause]: { Type: "String", Value: "x" },
    };
    const event = only({ ...notification, Message, MessageAttributes });
    expect(event).toMatchObject({ type: "contact.changed", payload: Message });
    expect(event.attributes).toMatchObject({ count: "3", type: "contact.changed" });
    expect(Object.keys(event.attributes)).not.toContain("bytes");
    expect(Object.keys(event.attributes)).not.toContain(unreadableBecause);
    expect(sns.map(event)).toMatchObject({ candidates: { email: [{ value: "ada@example.com" }] } });
  });

  it("with a CloudEvent or an event of EventBridge is that event", () => {
    const cloud = { specversion: "1.0", id: "1", source: "/s", type: "t", data: { email: "a@b.c" } };
    const fromCloud = only({ ...notification, Message: JSON.stringify(cloud) });
    expect(fromCloud).toMatchObject({
      id: '["/s","1"]',
      type: "t",
      occurredAt: Date.parse("2026-03-14T09:26:53.589Z"),
    });
    const bus = {
      id: "9",
      "detail-type": "Changed",
      source: "crm",
      time: "2026-01-01T00:00:00Z",
      detail: { email: "a@b.c" },
    };
    const fromBus = only({ ...notification, Message: JSON.stringify(bus) });
    expect(fromBus).toMatchObject({ id: "9", type: "Changed", occurredAt: Date.UTC(2026, 0, 1) });
    for (const event of [fromCloud, fromBus]) expect(sns.map(event).root).toEqual({ email: "a@b.c" });
  });

  it("is read by its signed body, whatever a header says", () => {
    const headers = { "x-amz-sns-rawdelivery": "true", "x-amz-sns-message-id": "forged" };
    expect(only(notification, headers).id).toBe(only(notification).id);
  });
});

it("a raw message is known by its headers", () => {
  const headers = {
    "x-amz-sns-rawdelivery": "true",
    "x-amz-sns-message-id": "7",
    "x-amz-sns-topic-arn": topic ?? "",
    authorization: "Bearer secret",
  };
  expect(only('{"email":"a@b.c"}', headers)).toEqual({
    id: '["message","7"]',
    type: "Notification",
    occurredAt: undefined,
    attributes: { topic, messageId: "7" },
    payload: '{"email":"a@b.c"}',
  });
  expect(only("hello")).toMatchObject({ id: undefined, payload: '"hello"' });
});
