import type { Sample } from "../provider.ts";

const contact = {
  firstName: "Mei",
  lastName: "Tan",
  email: "mei.tan@example.com",
  phone: "+6581234567",
  language: "en",
  countryCode: "SG",
};

/** Plain messages as a service of one's own, or the HTTP sink of a pipeline, sends them. */
export const samples: readonly Sample[] = [
  {
    name: "message",
    type: "user.changed",
    headers: { "content-type": "application/json", "idempotency-key": "b7c1e0f4" },
    body: JSON.stringify({ type: "user.changed", ...contact }),
    ids: ["b7c1e0f4"],
  },
  {
    name: "list",
    type: "message",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([
      { revision: "9d20a001", ...contact, profilePic: "https://images.example.com/mei.jpg" },
      { revision: "9d20a002", email: "arjun@example.com", firstName: "Arjun" },
    ]),
    ids: ["9d20a001", "9d20a002"],
  },
  {
    name: "lines",
    type: "message",
    headers: { "content-type": "application/x-ndjson" },
    body: `${JSON.stringify({ revision: "9d20a003", ...contact })}\n`,
    ids: ["9d20a003"],
  },
];
