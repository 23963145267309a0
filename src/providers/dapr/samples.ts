import type { Sample } from "../provider.ts";

const created = {
  data: { firstName: "Mei", lastName: "Tan", email: "mei.tan@example.com", phone: "+6581234567" },
  datacontenttype: "application/json",
  id: "5929aaac-a5e2-4ca1-859c-edfe73f11565",
  pubsubname: "pubsub",
  source: "crm",
  specversion: "1.0",
  time: "2026-03-14T09:26:53Z",
  topic: "contacts",
  traceid: "00-113ad9c4e42b27583ae98ba698d54255-e3743e35ff56f219-01",
  traceparent: "00-113ad9c4e42b27583ae98ba698d54255-e3743e35ff56f219-01",
  tracestate: "",
  type: "com.dapr.event.sent",
};
const updated = {
  ...created,
  id: "f4c1a7d2-7d0e-4b0f-9f6e-2a1b3c4d5e6f",
  data: { email: "mei.tan@example.com", language: "en", countryCode: "SG" },
};
const joined = {
  ...created,
  id: "0b9d2f64-12f7-4a39-8c5e-91e0a7b6c5d4",
  data: { email: "arjun@example.com", profilePic: "https://images.example.com/arjun.jpg" },
};
const type = "com.dapr.event.sent";

export const samples: readonly Sample[] = [
  {
    name: "single",
    type,
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify(created),
    ids: [created.id],
    times: [created.time],
  },
  {
    name: "bulk",
    type,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      id: "7c1f3f36-3f3d-4c2b-8a58-0d6f5a4b3c2d",
      entries: [updated, joined].map((event, index) => ({
        entryId: `a5b1c2d3-000${index}-4f6a-8b7c-9d0e1f2a3b4c`,
        event,
        metadata: null,
        contentType: "application/cloudevents+json",
      })),
      metadata: null,
      pubsubname: "pubsub",
      topic: "contacts",
      type: "com.dapr.event.sent.bulk",
    }),
    ids: [updated.id, joined.id],
    times: [created.time],
  },
];
