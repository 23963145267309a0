import { describe, expect, it } from "vitest";
import { neighbour } from "./relay.ts";

const relay = neighbour(
  `sources:
  bus:
    provider: cloudevents
    key: \${BUS_KEY}
    map: { email: user.email, firstName: user.name }
`,
  { BUS_KEY: "k3y" },
);

describe("Knative, whose dispatcher posts to the subscriber of a Trigger", () => {
  /** As the dispatcher of Knative Eventing 1.x sends it: binary mode, and a wish for a reply. */
  const delivery = {
    path: "/webhooks/bus?key=k3y",
    headers: {
      "user-agent": "Go-http-client/1.1",
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "8c0c8c1e-5a2c-4d0a-9d2c-1f6a4f6c2b11",
      "ce-source": "/apis/v1/namespaces/crm/crons/contacts",
      "ce-type": "com.example.contact.changed",
      "ce-time": "2026-03-14T09:26:53.589Z",
      "ce-knativearrivaltime": "2026-03-14T09:26:53.612Z",
      traceparent: "00-a4a0b1f7ffb0c6a6f1d4b1b4a1c2d3e4-1f2e3d4c5b6a7988-00",
      prefer: "reply",
      "kn-namespace": "crm",
    },
    body: '{"user":{"email":"ada@example.com","name":"Ada"}}',
  };

  it("is refused with another key in the subscriber's address", async () => {
    const { status, events } = await relay.ask({ ...delivery, path: "/webhooks/bus?key=other" });
    expect([status, events]).toEqual([401, []]);
  });

  it("is answered 200 with no body and no CloudEvent, so that nothing becomes a reply", async () => {
    const { status, text, headers, events } = await relay.ask(delivery);
    expect([status, text, headers.get("content-type")]).toEqual([200, "", null]);
    expect([...headers.keys()].filter((name) => name.startsWith("ce-"))).toEqual([]);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: "com.example.contact.changed",
      occurredAt: Date.parse("2026-03-14T09:26:53.589Z"),
      attributes: { knativearrivaltime: "2026-03-14T09:26:53.612Z" },
    });
    expect(await relay.mapped(events[0])).toMatchObject({ kind: "update", contact: "email:ada@example.com" });
  });

  it("what comes to the relay as a dead letter sink, with its error beside it, is the event all the same", async () => {
    const headers = {
      ...delivery.headers,
      "ce-knativeerrordest": "http://crm.example.svc/",
      "ce-knativeerrorcode": "500",
      "ce-knativeerrordata": "bm8=",
    };
    const { events } = await relay.ask({ ...delivery, headers });
    expect(events[0]?.identity).toBe((await relay.ask(delivery)).events[0]?.identity);
  });
});

describe("Azure Event Grid with the schema CloudEvents 1.0", () => {
  const path = "/webhooks/bus?key=k3y";
  const event = (id: string) => ({
    id,
    source: "/subscriptions/0b1f6471/resourceGroups/crm/providers/Microsoft.EventGrid/topics/contacts",
    specversion: "1.0",
    type: "Contact.Changed",
    subject: "contacts/7",
    time: "2026-03-14T09:26:53.589Z",
    data: { user: { email: `${id}@example.com`, name: "Mei" } },
  });
  /** The headers with which Event Grid delivers. */
  const headers = {
    "content-type": "application/cloudevents+json; charset=utf-8",
    "aeg-subscription-name": "RELAY",
    "aeg-delivery-count": "0",
    "aeg-data-version": "",
    "aeg-metadata-version": "0",
    "aeg-event-type": "Notification",
    "webhook-request-origin": "eventgrid.azure.net",
  };

  it("asks by OPTIONS before the first delivery, and is allowed to send", async () => {
    const { status, headers: answered } = await relay.ask({
      method: "OPTIONS",
      path,
      headers: {
        "webhook-request-origin": "eventgrid.azure.net",
        "webhook-request-callback":
          "https://rp-westeurope.eventgrid.azure.net:553/eventsubscriptions/relay/validate",
        "webhook-request-rate": "120",
      },
    });
    expect(status).toBe(200);
    expect(answered.get("webhook-allowed-origin")).toBe("eventgrid.azure.net");
    expect(answered.get("webhook-allowed-rate")).toBe("*");
  });

  it("one event is taken, by its own id", async () => {
    const { status, text, events } = await relay.ask({ path, headers, body: JSON.stringify(event("one")) });
    expect([status, text, events.length]).toEqual([200, "", 1]);
    expect(events[0]?.attributes["subject"]).toBe("contacts/7");
  });

  it("a batch is taken whole", async () => {
    const { status, events } = await relay.ask({
      path,
      headers: { ...headers, "content-type": "application/cloudevents-batch+json; charset=utf-8" },
      body: JSON.stringify([event("one"), event("two")]),
    });
    expect(status).toBe(200);
    expect(events).toHaveLength(2);
    expect(await relay.mapped(events[1])).toMatchObject({ contact: "email:two@example.com" });
  });
});
