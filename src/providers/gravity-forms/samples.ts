import type { Sample } from "../provider.ts";

/** Submissions as the Webhooks Add-On posts them with "Select Fields". */
export const samples: readonly Sample[] = [
  {
    name: "json",
    type: "form_submission",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      first_name: "Nurul",
      last_name: "Aziz",
      email: "nurul.aziz@example.com",
      phone: "+60 12-345 6789",
      country: "Malaysia",
      profile_photo: "https://images.example.com/nurul.jpg",
      plan: "pro",
      id: "81042",
      form_id: "5",
      date_created: "2026-03-14 09:30:00",
    }),
    ids: ["81042"],
    times: ["2026-03-14 09:30:00"],
  },
  {
    name: "json-edited",
    type: "form_submission",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      "Full name": "Zoë van Dijk",
      "E-mail": "zoe@example.com",
      id: "81043",
      date_created: "2026-03-14 08:15:07",
      date_updated: "2026-03-14 10:02:31",
    }),
    ids: ["81043"],
    times: ["2026-03-14 08:15:07", "2026-03-14 10:02:31"],
  },
  {
    name: "form",
    type: "form_submission",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams([
      ["name", "Ben Tan"],
      ["email", "ben@example.com"],
      ["mobile", "+6591234567"],
      ["preferred language", "en"],
      ["id", "81044"],
    ]).toString(),
    ids: ["81044"],
  },
];
