import type { Sample } from "../provider.ts";

interface Contact {
  readonly id: number;
  readonly firstName: string;
  readonly lastName: string | null;
  readonly phone: string | null;
  readonly email: string | null;
}

function sample(name: string, eventId: string, contact: Contact): Sample {
  const createdAt = 1_767_607_200;
  const event = {
    event_type: "contact.created",
    event_id: eventId,
    contact: {
      ...contact,
      language: "en",
      profilePic: null,
      countryCode: "MY",
      status: "open",
      lifecycle: null,
      assignee: null,
      created_at: createdAt,
      tags: [],
      custom_fields: [],
    },
  };
  return {
    name,
    type: event.event_type,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
    ids: [eventId],
    times: [String(createdAt)],
  };
}

export const samples: readonly Sample[] = [
  sample("contact-created", "7f1c0a52-0a4e-4c5e-9a53-6f2f5a5b1c01", {
    id: 310_442_105,
    firstName: "Ada",
    lastName: "Lovelace",
    phone: "+60123456789",
    email: "ada.lovelace@example.com",
  }),
  sample("contact-created-by-a-first-message", "7f1c0a52-0a4e-4c5e-9a53-6f2f5a5b1c02", {
    id: 310_442_106,
    firstName: "Max",
    lastName: null,
    phone: "+6591234567",
    email: null,
  }),
];
