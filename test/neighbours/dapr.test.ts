import { describe, expect, it } from "vitest";
import { neighbour } from "./relay.ts";

const relay = neighbour(
  `sources:
  crm:
    provider: dapr
    key: \${APP_API_TOKEN}
    pubsub: pubsub
    topics: [contacts]
    bulk: true
    events: ["com.dapr.*"]
`,
  { APP_API_TOKEN: "t0ken" },
);
const token = { "dapr-api-token": "t0ken" };
const path = "/webhooks/crm";

/** As a sidecar posts what `dapr publish --pubsub pubsub --topic contacts` brings. */
const published = JSON.stringify({
  data: { email: "ada@example.com", firstName: "Ada" },
  datacontenttype: "application/json",
  id: "5929aaac-a5e2-4ca1-859c-edfe73f11565",
  pubsubname: "pubsub",
  source: "crm",
  specversion: "1.0",
  time: "2026-03-14T09:26:53Z",
  topic: "contacts",
  traceid: "00-113ad9c4e42b27583ae98ba698d54255-e3743e35ff56f219-01",
  type: "com.dapr.event.sent",
});

describe("a Dapr sidecar", () => {
  it("without the token of its app is refused, which it repeats, and never answered 404, which it drops", async () => {
    const headers = { "content-type": "application/cloudevents+json" };
    expect((await relay.ask({ path, headers, body: published })).status).toBe(401);
    expect((await relay.ask({ method: "GET", path: "/dapr/subscribe" })).status).toBe(401);
  });

  it("reads at its start where to post what", async () => {
    const { status, text } = await relay.ask({ method: "GET", path: "/dapr/subscribe", headers: token });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual([
      {
        pubsubname: "pubsub",
        topic: "contacts",
        route: "/webhooks/crm",
        bulkSubscribe: { enabled: true, maxMessagesCount: 100, maxAwaitDurationMs: 40 },
      },
    ]);
  });

  it("finds no subscriptions where no source has any", async () => {
    const none = neighbour("sources:\n  crm: { provider: dapr, key: k }\n");
    expect((await none.ask({ method: "GET", path: "/dapr/subscribe", headers: token })).status).toBe(404);
  });

  it("posts an event, and reads SUCCESS", async () => {
    const headers = { ...token, "content-type": "application/cloudevents+json" };
    const { status, text, events } = await relay.ask({ path, headers, body: published });
    expect([status, text]).toEqual([200, '{"status":"SUCCESS"}']);
    expect(await relay.mapped(events[0])).toMatchObject({ kind: "update", contact: "email:ada@example.com" });
  });

  it("posts many, and reads the status of each", async () => {
    const body = JSON.stringify({
      id: "7c1f3f36",
      entries: [
        { entryId: "a", event: JSON.parse(published), contentType: "application/cloudevents+json" },
        { entryId: "b", event: { no: "event" }, contentType: "application/cloudevents+json" },
      ],
      pubsubname: "pubsub",
      topic: "contacts",
      type: "com.dapr.event.sent.bulk",
    });
    const headers = { ...token, "content-type": "application/json" };
    const { status, text, events } = await relay.ask({ path, headers, body });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      statuses: [
        { entryId: "a", status: "SUCCESS" },
        { entryId: "b", status: "SUCCESS" },
      ],
    });
    expect(events.map(({ type }) => type)).toEqual(["com.dapr.event.sent", "unreadable"]);
  });

  it("posts what can never be read once: it is kept, whatever the source selects", async () => {
    const { status, text, events } = await relay.ask({ path, headers: token, body: "{" });
    expect([status, text]).toEqual([200, '{"status":"SUCCESS"}']);
    expect(events).toHaveLength(1);
    expect(events[0]?.attributes["unreadable-because"]).toMatch(/JSON/);
  });
});

it("what means something only together is asked for when the sources are read", () => {
  const problems = () => neighbour("sources:\n  crm: { provider: dapr, key: k, topics: [a] }\n");
  expect(problems).toThrow("is of no use without `pubsub`");
  const flag = () => neighbour("sources:\n  crm: { provider: dapr, key: k, bulk: sometimes }\n");
  expect(flag).toThrow(/bulk: must be true or false/);
});
