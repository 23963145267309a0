import type { Sample } from "../provider.ts";

const boundary = "----contactForm7f3a";

/** Submissions as browsers and form plug-ins make them. */
export const samples: readonly Sample[] = [
  {
    name: "browser-form",
    type: "form_submission",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      referer: "https://shop.example.com/newsletter?utm_source=mail",
    },
    body: new URLSearchParams([
      ["first_name", "Nurul"],
      ["last_name", "Aziz"],
      ["email", "nurul.aziz@example.com"],
      ["mobile", "+60 12-345 6789"],
      ["country", "Malaysia"],
      ["interests[]", "shoes"],
      ["interests[]", "bags"],
      ["submission", "7f3a0001"],
    ]).toString(),
    ids: ["7f3a0001"],
  },
  {
    name: "browser-form-with-a-file",
    type: "form_submission",
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body: [
      `--${boundary}`,
      'Content-Disposition: form-data; name="your-name"',
      "",
      "Zoë van Dijk",
      `--${boundary}`,
      'Content-Disposition: form-data; name="your-email"',
      "",
      "zoe@example.com",
      `--${boundary}`,
      'Content-Disposition: form-data; name="photo"; filename="zoe.png"',
      "Content-Type: image/png",
      "",
      "not really a picture",
      `--${boundary}`,
      'Content-Disposition: form-data; name="submission"',
      "",
      "7f3a0002",
      `--${boundary}--`,
      "",
    ].join("\r\n"),
    ids: ["7f3a0002"],
  },
  {
    name: "json-form",
    type: "form_submission",
    headers: { "content-type": "application/json", "idempotency-key": "6f1c9a52" },
    body: JSON.stringify({
      contact: { "First name": "Ben", "E-mail": "ben@example.com", phone: "+6591234567" },
      locale: "en-SG",
      avatar: "https://images.example.com/ben.png",
    }),
    ids: ["6f1c9a52"],
  },
];
