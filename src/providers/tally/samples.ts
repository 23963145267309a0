import type { Sample } from "../provider.ts";

function sample(name: string, eventId: string, responseId: string, fields: readonly object[]): Sample {
  const event = {
    eventId,
    eventType: "FORM_RESPONSE",
    createdAt: "2026-01-05T10:00:02.417Z",
    data: {
      responseId,
      submissionId: responseId,
      respondentId: "dwQKYm",
      formId: "VwbNEw",
      formName: "Newsletter",
      createdAt: "2026-01-05T10:00:01.000Z",
      fields,
    },
  };
  return {
    name,
    type: event.eventType,
    headers: { "content-type": "application/json", "user-agent": "Tally Webhooks" },
    body: JSON.stringify(event),
    ids: [eventId, responseId],
    times: [event.createdAt, event.data.createdAt],
  };
}

const malaysia = "6010d529-62a5-484d-bb03-dcbcbfc76f0b";
const singapore = "260c201f-1c52-4f2d-af88-78f21576bc46";
const news = "cb33303b-4e9d-4bb3-8b51-f16acbf573fe";
const offers = "9bbb6bd7-1e3b-4e48-b4b9-a221d5aad87e";

export const samples: readonly Sample[] = [
  sample("newsletter-signup", "5d0c7a52-8c0b-4f0e-9a51-3f5f3ad10001", "2wgx4n1", [
    {
      key: "question_mVGEg3_8b5711e3-f6a2-4e25-9e68-5d730598c681",
      label: "utm_campaign",
      type: "HIDDEN_FIELDS",
      value: "spring",
    },
    { key: "question_3EKz4n", label: "First name", type: "INPUT_TEXT", value: "Nurul" },
    { key: "question_nr5yNw", label: "Last name", type: "INPUT_TEXT", value: "Aziz" },
    { key: "question_w4Q4Xn", label: "Email", type: "INPUT_EMAIL", value: "nurul.aziz@example.com" },
    { key: "question_3jZaa3", label: "Phone number", type: "INPUT_PHONE_NUMBER", value: "+60123456789" },
    {
      key: "question_n9BqQm",
      label: "Country",
      type: "DROPDOWN",
      value: [malaysia],
      options: [
        { id: singapore, text: "Singapore" },
        { id: malaysia, text: "Malaysia" },
      ],
    },
    {
      key: "question_wQ1K7w",
      label: "What may we send you?",
      type: "CHECKBOXES",
      value: [news],
      options: [
        { id: news, text: "News" },
        { id: offers, text: "Offers" },
      ],
    },
    {
      key: `question_wQ1K7w_${news}`,
      label: "What may we send you? (News)",
      type: "CHECKBOXES",
      value: true,
    },
    {
      key: `question_wQ1K7w_${offers}`,
      label: "What may we send you? (Offers)",
      type: "CHECKBOXES",
      value: false,
    },
  ]),
  sample("creator-application", "5d0c7a52-8c0b-4f0e-9a51-3f5f3ad10002", "2wgx4n2", [
    { key: "question_3xrXrn", label: "Your name", type: "INPUT_TEXT", value: "Zoë van Dijk" },
    {
      key: "question_mZ8jow",
      label: "Best way to write to you",
      type: "INPUT_EMAIL",
      value: "zoe@example.com",
    },
    { key: "question_3Nrpl3", label: "Mobile", type: "INPUT_PHONE_NUMBER", value: null },
    {
      key: "question_w2XEjm",
      label: "Profile picture",
      type: "INPUT_LINK",
      value: "https://images.example.com/zoe.jpg",
    },
    {
      key: "question_3qL4Gm",
      label: "Preferred language",
      type: "MULTIPLE_CHOICE",
      value: ["e7bfbbc6-c2e6-4821-8670-72ed1cb31cd5"],
      options: [
        { id: "ec321dc4-b50d-4270-8df0-0e38c898762a", text: "English" },
        { id: "e7bfbbc6-c2e6-4821-8670-72ed1cb31cd5", text: "Dutch" },
      ],
    },
    { key: "question_m6L8kw", label: "How much do you like us?", type: "RATING", value: 5 },
  ]),
  sample("ticket-payment", "5d0c7a52-8c0b-4f0e-9a51-3f5f3ad10003", "2wgx4n3", [
    { key: "question_wbq5L3", label: "Number of tickets", type: "INPUT_NUMBER", value: 2 },
    { key: "question_wa9QBw_price", label: "Payment (price)", type: "PAYMENT", value: 18 },
    { key: "question_wa9QBw_currency", label: "Payment (currency)", type: "PAYMENT", value: "USD" },
    { key: "question_wa9QBw_name", label: "Payment (name)", type: "PAYMENT", value: "Alice Smith" },
    {
      key: "question_wa9QBw_email",
      label: "Payment (email)",
      type: "PAYMENT",
      value: "alice.smith@example.com",
    },
  ]),
];
