import { describe, expect, it } from "vitest";
import { neighbour } from "./relay.ts";

const relay = neighbour(
  `sources:
  bus:
    provider: cloudevents
    key: \${BUS_KEY}
    map: { email: "$exists(after) ? after.email : email" }
  plain:
    provider: json
    key: \${BUS_KEY}
    map: { email: user.email }
`,
  { BUS_KEY: "k3y" },
);
const path = "/webhooks/bus";
const event = (id: string) => ({
  specversion: "1.0",
  id,
  source: "/crm",
  type: "contact.changed",
  data: { email: `${id}@example.com` },
});

/** Requests as each sink makes them, by its documentation. */
describe("HTTP sinks whose records are CloudEvents", () => {
  it("the sink of Kafka Connect (Confluent) posts a list, without saying of what", async () => {
    const { status, events } = await relay.ask({
      path,
      headers: { "content-type": "application/json", authorization: "Bearer k3y" },
      body: JSON.stringify([event("one"), event("two")]),
    });
    expect([status, events.length]).toEqual([200, 2]);
    expect(await relay.mapped(events[1])).toMatchObject({ contact: "email:two@example.com" });
  });

  it("the sink of Aiven posts a list made of prefix, separator and suffix, its authorization as it is given", async () => {
    const { status, events } = await relay.ask({
      path,
      headers: { "content-type": "application/cloudevents-batch+json", authorization: "Bearer k3y" },
      body: `[${JSON.stringify(event("one"))},${JSON.stringify(event("two"))}]`,
    });
    expect([status, events.length]).toEqual([200, 2]);
  });

  it("Vector posts a list", async () => {
    const { status, events } = await relay.ask({
      path,
      headers: { "content-type": "application/json", "x-webhook-key": "k3y", "user-agent": "Vector/0.50.0" },
      body: JSON.stringify([event("one")]),
    });
    expect([status, events.length]).toEqual([200, 1]);
  });

  it("Redpanda Connect posts one for each message, with headers made of its metadata", async () => {
    const { status, events } = await relay.ask({
      path,
      headers: {
        "content-type": "application/json",
        authorization: "Bearer k3y",
        "ce-specversion": "1.0",
        "ce-id": "contacts-3-1042",
        "ce-source": "/kafka/contacts",
        "ce-type": "contact.changed",
        "ce-time": "2026-03-14T09:26:53Z",
      },
      body: '{"email":"ada@example.com"}',
    });
    expect([status, events.length]).toEqual([200, 1]);
    expect(events[0]?.attributes["id"]).toBe("contacts-3-1042");
  });

  it("Debezium Server posts one for each row, the key in its URL", async () => {
    const { status, events } = await relay.ask({
      path: `${path}?key=k3y`,
      headers: { "content-type": "application/cloudevents+json" },
      body: JSON.stringify({
        id: "name:crm;lsn:29274832;txId:565",
        source: "/debezium/postgresql/crm",
        specversion: "1.0",
        type: "io.debezium.connector.postgresql.DataChangeEvent",
        time: "2026-03-14T09:26:53.589Z",
        datacontenttype: "application/json",
        iodebeziumop: "u",
        data: { before: null, after: { id: 7, email: "ada@example.com" } },
      }),
    });
    expect([status, events.length]).toEqual([200, 1]);
    expect(await relay.mapped(events[0])).toMatchObject({ contact: "email:ada@example.com" });
  });

  it("a list with one record that is none is refused whole, and stays with the sink", async () => {
    const { status, events } = await relay.ask({
      path,
      headers: { "content-type": "application/json", authorization: "Bearer k3y" },
      body: JSON.stringify([event("one"), { email: "a@b.c" }]),
    });
    expect([status, events]).toEqual([415, []]);
  });
});

describe("HTTP sinks whose records are plain JSON", () => {
  it("Pulsar posts the value of one record, and what else it knows in headers", async () => {
    const { status, events } = await relay.ask({
      path: "/webhooks/plain",
      headers: {
        "content-type": "application/json",
        authorization: "Bearer k3y",
        pulsartopic: "persistent://public/default/contacts",
        pulsarmessageid: "CAEQAA==",
        pulsarpublishtime: "1773480413589",
      },
      body: '{"user":{"email":"ada@example.com"}}',
    });
    expect([status, events.length]).toEqual([200, 1]);
    expect(await relay.mapped(events[0])).toMatchObject({ contact: "email:ada@example.com" });
  });
});
