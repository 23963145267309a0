import type { Sample } from "../provider.ts";

const headers = { "content-type": "application/json; charset=UTF-8" };

/** Submissions as CF7 to Webhook posts them. */
export const samples: readonly Sample[] = [
  {
    name: "contact",
    type: "form_submission",
    headers,
    body: JSON.stringify({
      _date: "March 14, 2026",
      _time: "9:30 am",
      _url: "https://shop.example.com/contact/",
      _remote_ip: "203.0.113.7",
      "your-name": "Nurul Aziz",
      "your-email": "nurul.aziz@example.com",
      "your-tel": "+60 12-345 6789",
      "your-country": ["Malaysia"],
      "your-language": "ms",
      "your-avatar": "https://images.example.com/nurul.jpg",
      "your-message": "Please call me back.",
      interests: ["Shoes", "Bags"],
      visit: "7f3a0001",
    }),
    ids: ["7f3a0001"],
  },
  {
    name: "generated-names",
    type: "form_submission",
    headers,
    body: JSON.stringify({
      "text-812": "Which sizes do you have?",
      "email-456": "zoe@example.com",
      "tel-123": "+31 20 794 0800",
      "acceptance-31": "1",
      "hidden-77": "7f3a0002",
    }),
    ids: ["7f3a0002"],
  },
  {
    name: "custom-body",
    type: "form_submission",
    headers,
    body: '{\n  "first_name": "Ben",\n  "last_name": "Tan",\n  "email": "ben@example.com",\n  "visit": "7f3a0003"\n}',
    ids: ["7f3a0003"],
  },
];
