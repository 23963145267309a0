import type { JsonObject, Sample } from "../provider.ts";

const boundary = "------------------------a8f31c5e77d90b42";

function partsOf(submissionID: string, formTitle: string, pretty: string, answers: JsonObject) {
  const rawRequest = {
    slug: "submit/260051234567890",
    submitSource: "form",
    buildDate: "1767607100000",
    ...answers,
    timeToSubmit: "21",
    path: "/submit/260051234567890",
  };
  return {
    formID: "260051234567890",
    submissionID,
    webhookURL: "https://relay.example.com/webhooks/jotform",
    ip: "203.0.113.17",
    formTitle,
    pretty,
    username: "example",
    rawRequest: JSON.stringify(rawRequest),
    type: "WEB",
  };
}

function multipart(parts: Readonly<Record<string, string>>): string {
  const written = Object.entries(parts).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${written.join("")}--${boundary}--\r\n`;
}

function sample(name: string, type: string, parts: ReturnType<typeof partsOf>): Sample {
  const body = type.startsWith("multipart/") ? multipart(parts) : new URLSearchParams(parts).toString();
  return {
    name,
    type: "form_submission",
    headers: { "content-type": type },
    body,
    ids: [parts.submissionID],
  };
}

export const samples: readonly Sample[] = [
  sample(
    "contact-request",
    `multipart/form-data; boundary=${boundary}`,
    partsOf(
      "6300000000000000101",
      "Contact request",
      "Name:Siti Aminah, Email:siti.aminah@example.com, Phone Number:+60 12-345 6789, Address:Kuala Lumpur Malaysia, Interests:Shoes Bags",
      {
        q3_name: { first: "Siti", last: "Aminah" },
        q4_email: "siti.aminah@example.com",
        q5_phoneNumber: { full: "+60 12-345 6789" },
        q6_address: {
          addr_line1: "1 Jalan Contoh",
          addr_line2: "",
          city: "Kuala Lumpur",
          state: "",
          postal: "50000",
          country: "Malaysia",
        },
        q7_interests: ["Shoes", "Bags"],
        q8_language: "English",
      },
    ),
  ),
  sample(
    "older-form",
    "application/x-www-form-urlencoded",
    partsOf(
      "6300000000000000102",
      "Call me back",
      "Full Name:Grace Hopper, E-mail:grace.hopper@example.com, Phone Number:202 5550143, Birth Date:12-09-1906",
      {
        q3_fullName3: { prefix: "", first: "Grace", middle: "", last: "Hopper", suffix: "" },
        q4_email4: "grace.hopper@example.com",
        q5_phoneNumber5: { country: "1", area: "202", phone: "5550143" },
        q6_birthDate6: { month: "12", day: "09", year: "1906" },
      },
    ),
  ),
  sample(
    "creator-profile",
    `multipart/form-data; boundary=${boundary}`,
    partsOf(
      "6300000000000000103",
      "Creator profile",
      "Your Name:Zoë van Dijk, Email:zoe@example.com, Profile Picture:https://images.example.com/zoe.jpg",
      {
        q3_yourName: "Zoë van Dijk",
        q4_email: "zoe@example.com",
        q5_profilePicture: "https://images.example.com/zoe.jpg",
      },
    ),
  ),
];
