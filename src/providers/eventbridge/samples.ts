import type { Sample } from "../provider.ts";

const changed = {
  version: "0",
  id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
  "detail-type": "Contact Changed",
  source: "com.example.crm",
  account: "123456789012",
  time: "2026-03-14T09:26:53Z",
  region: "eu-central-1",
  resources: [],
  detail: {
    firstName: "Mei",
    lastName: "Tan",
    email: "mei.tan@example.com",
    phone: "+6581234567",
    language: "en",
    countryCode: "SG",
    profilePic: "https://images.example.com/mei.jpg",
  },
};

export const samples: readonly Sample[] = [
  {
    name: "contact-changed",
    type: "Contact Changed",
    headers: {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "Amazon/EventBridge/ApiDestinations",
      range: "bytes=0-1048575",
    },
    body: JSON.stringify(changed),
    ids: [changed.id],
    times: [changed.time],
  },
];
