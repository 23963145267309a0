import type { Sample } from "../provider.ts";

const changed = {
  topic: "/subscriptions/0b1f6471/resourceGroups/crm/providers/Microsoft.EventGrid/topics/contacts",
  subject: "contacts/7",
  id: "b68529f3-68cd-4744-baa4-3c0498ec19f0",
  eventType: "Contact.Changed",
  eventTime: "2026-03-14T09:26:53.589Z",
  data: {
    firstName: "Mei",
    lastName: "Tan",
    email: "mei.tan@example.com",
    phone: "+6581234567",
    language: "en",
    countryCode: "SG",
    profilePic: "https://images.example.com/mei.jpg",
  },
  dataVersion: "1.0",
  metadataVersion: "1",
};
const other = {
  ...changed,
  id: "c2f0a1d4-7b6e-4a57-9a1e-5d0f3e2c1b0a",
  subject: "contacts/8",
  data: { email: "arjun@example.com", firstName: "Arjun" },
};
const headers = {
  "content-type": "application/json; charset=utf-8",
  "aeg-event-type": "Notification",
  "aeg-subscription-name": "RELAY",
  "aeg-delivery-count": "0",
};

export const samples: readonly Sample[] = [
  {
    name: "contact-changed",
    type: changed.eventType,
    headers,
    body: JSON.stringify([changed]),
    ids: [changed.id],
    times: [changed.eventTime],
  },
  {
    name: "batch",
    type: changed.eventType,
    headers,
    body: JSON.stringify([{ ...changed, id: "d4c3b2a1-0000-4a57-9a1e-5d0f3e2c1b0a" }, other]),
    ids: ["d4c3b2a1-0000-4a57-9a1e-5d0f3e2c1b0a", other.id],
    times: [changed.eventTime],
  },
];
