import { describe, expect, it, test } from "vitest";
import { unreadableBecause } from "../../contact/unreadable.ts";
import type { AnnouncedSource, InboundRequest } from "../provider.ts";
import { dapr } from "./index.ts";

const key = "app-api-token";
const event = {
  specversion: "1.0",
  id: "5929aaac",
  source: "crm",
  type: "com.dapr.event.sent",
  datacontenttype: "application/json",
  data: { email: "ada@example.com" },
  topic: "contacts",
  pubsubname: "pubsub",
};

function request(body: string, headers: Record<string, string> = {}): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function events(body: unknown) {
  const parsed = dapr.parse(request(typeof body === "string" ? body : JSON.stringify(body)));
  if (parsed.kind !== "events") throw new Error(`not read: ${JSON.stringify(parsed)}`);
  return parsed.events;
}

/** As the sidecar wraps a raw message: the id is another one at each delivery. */
const raw = (text: string, id = "random-1") => ({
  id,
  specversion: "1.0",
  datacontenttype: "application/octet-stream",
  source: "Dapr",
  type: "com.dapr.event.sent",
  topic: "contacts",
  pubsubname: "pubsub",
  data_base64: Buffer.from(text).toString("base64"),
});

describe("what can never be read", () => {
  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no CloudEvent", '{"email":"a@b.c"}'],
    ["a CloudEvent without an id", JSON.stringify({ ...event, id: undefined })],
    ["entries without their ids", JSON.stringify({ entries: [{ event }] })],
  ])("%s is kept for a person, whatever the source selects, and taken", (_, body) => {
    const [kept, ...others] = events(body);
    expect(others).toEqual([]);
    expect(kept).toMatchObject({ type: "unreadable", mandatory: true, id: undefined });
    expect(kept?.attributes[unreadableBecause]).toMatch(/\w/);
    expect(JSON.parse(kept?.payload ?? "")).toEqual({ text: body });
    expect(dapr.acknowledge?.(request(body)).body).toBe('{"status":"SUCCESS"}');
  });

  it("an entry of many holds up no other, and is the same when it comes again among others", () => {
    const entry = (entryId: string, content: unknown) => ({
      entryId,
      event: content,
      contentType: "application/cloudevents+json",
    });
    const bad = entry("2", { email: "a@b.c" });
    const first = events({ entries: [entry("1", event), bad] });
    const again = events({ entries: [bad, entry("9", event)] });
    expect(first.map(({ type }) => type)).toEqual(["com.dapr.event.sent", "unreadable"]);
    expect(again[0]?.id).toBe(first[1]?.id);
    expect(again[0]?.id).not.toBeUndefined();
  });
});

describe("one event", () => {
  it("keeps its exact text, its id and time, and what the sidecar says of it", () => {
    const body = `{"data":{"n":706405506930370084},"time":"2026-03-14T09:26:53Z",${JSON.stringify({ ...event, data: undefined }).slice(1)}`;
    expect(events(body)).toEqual([
      expect.objectContaining({
        id: '["crm","5929aaac"]',
        occurredAt: Date.UTC(2026, 2, 14, 9, 26, 53),
        payload: body,
        attributes: expect.objectContaining({ topic: "contacts", pubsubname: "pubsub" }),
      }),
    ]);
  });

  it("of a raw topic is what the message holds, by its own id where it has one", () => {
    const own = JSON.stringify({ ...event, id: "own", time: "2026-01-01T00:00:00Z" });
    const [first] = events(raw(own, "random-1"));
    const [again] = events(raw(own, "random-2"));
    expect(first?.id).toBe('["crm","own"]');
    expect(again?.id).toBe(first?.id);
    expect(first?.occurredAt).toBe(Date.UTC(2026, 0, 1));
    expect(first?.payload).toBe(own);
  });

  it("of a raw topic may be plain JSON, a text or bytes", () => {
    const mapped = (text: string) => {
      const [one] = events(raw(text));
      return one && dapr.map(one);
    };
    expect(mapped('{"email":"ada@example.com"}')).toMatchObject({
      root: { email: "ada@example.com" },
      candidates: { email: [{ path: "email", value: "ada@example.com" }] },
    });
    expect(mapped("hello")).toMatchObject({ root: "hello", candidates: {} });
    const [bytes] = events({ ...raw(""), data_base64: "/w==" });
    expect(bytes?.payload).toBe('"/w=="');
  });
});

describe("many at once", () => {
  const bulk = {
    id: "bulk",
    pubsubname: "pubsub",
    topic: "contacts",
    type: "com.dapr.event.sent.bulk",
    entries: [
      { entryId: "one", event, contentType: "application/cloudevents+json", metadata: { n: "1" } },
      {
        entryId: "two",
        event: Buffer.from('{"email":"raw@example.com"}').toString("base64"),
        contentType: "application/octet-stream",
      },
    ],
  };

  it("each entry is an event and is answered by its id", () => {
    const [first, second] = events(bulk);
    expect(first).toMatchObject({ id: '["crm","5929aaac"]', payload: JSON.stringify(event) });
    expect(second).toMatchObject({
      payload: '{"email":"raw@example.com"}',
      attributes: { topic: "contacts", pubsubname: "pubsub", entryId: "two" },
    });
    const answer = dapr.acknowledge?.(request(JSON.stringify(bulk)));
    expect(JSON.parse(answer?.body ?? "")).toEqual({
      statuses: [
        { entryId: "one", status: "SUCCESS" },
        { entryId: "two", status: "SUCCESS" },
      ],
    });
  });

  it("an entry's event keeps its digits", () => {
    const text = JSON.stringify(bulk).replace('"ada@example.com"', "706405506930370084");
    expect(events(text)[0]?.payload).toContain('"email":706405506930370084');
  });

  it("none is nothing to do", () => {
    expect(dapr.parse(request('{"entries":[]}'))).toEqual({ kind: "ignored", reason: "empty-batch" });
  });
});

describe("the page of subscriptions", () => {
  const source = (name: string, more: Partial<AnnouncedSource["credentials"]> = {}): AnnouncedSource => ({
    name,
    credentials: { secrets: [], keys: [key], pubsub: "pubsub", topics: ["contacts", "leads"], ...more },
  });
  const ask = (sources: readonly AnnouncedSource[], token?: string) =>
    dapr.announcement?.answer(request("", token === undefined ? {} : { "dapr-api-token": token }), sources);

  it("is for those who show the key", () => {
    expect(ask([source("crm")])?.status).toBe(401);
    expect(ask([source("crm")], "wrong")?.status).toBe(401);
    expect(ask([source("crm")], "wrong")?.body).not.toContain("contacts");
  });

  it("tells of each topic where it is posted to, and of the sources whose key it is alone", () => {
    const sources = [
      source("crm", { bulk: true, rawPayload: true }),
      source("other", { keys: ["another"], topics: ["secret"] }),
    ];
    const answer = ask(sources, key);
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.body ?? "")).toEqual(
      ["contacts", "leads"].map((topic) => ({
        pubsubname: "pubsub",
        topic,
        route: "/webhooks/crm",
        metadata: { rawPayload: "true" },
        bulkSubscribe: { enabled: true, maxMessagesCount: 100, maxAwaitDurationMs: 40 },
      })),
    );
    expect(JSON.parse(ask([source("crm")], key)?.body ?? "")).toEqual(
      ["contacts", "leads"].map((topic) => ({ pubsubname: "pubsub", topic, route: "/webhooks/crm" })),
    );
  });
});
