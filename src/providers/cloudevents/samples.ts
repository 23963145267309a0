import type { Sample } from "../provider.ts";

const created = {
  specversion: "1.0",
  id: "3b1f6c2e-0001",
  source: "/crm/contacts",
  type: "com.example.contact.created",
  time: "2026-03-14T09:26:53.589Z",
  datacontenttype: "application/json",
  data: {
    firstName: "Mei",
    lastName: "Tan",
    email: "mei.tan@example.com",
    phone: "+6581234567",
    countryCode: "SG",
  },
};

/** The same contact in the three modes of the HTTP protocol binding. */
export const samples: readonly Sample[] = [
  {
    name: "structured",
    type: created.type,
    headers: { "content-type": "application/cloudevents+json; charset=utf-8" },
    body: JSON.stringify(created),
    ids: [created.id],
    times: [created.time],
  },
  {
    name: "binary",
    type: "com.example.contact.updated",
    headers: {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "3b1f6c2e-0002",
      "ce-source": "/crm/contacts",
      "ce-type": "com.example.contact.updated",
      "ce-time": "2026-03-14T09:27:10Z",
      "ce-subject": "Mei%20Tan",
    },
    body: JSON.stringify({
      email: "mei.tan@example.com",
      language: "en",
      profilePic: "https://images.example.com/mei.jpg",
    }),
    ids: ["3b1f6c2e-0002"],
    times: ["2026-03-14T09:27:10Z"],
  },
  {
    name: "batch",
    type: "com.example.contact.updated",
    headers: { "content-type": "application/cloudevents-batch+json" },
    body: JSON.stringify([
      { ...created, id: "3b1f6c2e-0003", type: "com.example.contact.updated" },
      {
        ...created,
        id: "3b1f6c2e-0004",
        type: "com.example.contact.updated",
        data: { phone: "+6598765432", firstName: "Arjun" },
      },
    ]),
    ids: ["3b1f6c2e-0003", "3b1f6c2e-0004"],
    times: [created.time],
  },
];
