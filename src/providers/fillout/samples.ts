import type { Sample } from "../provider.ts";

function sample(name: string, body: object, { ids, times }: Required<Pick<Sample, "ids" | "times">>): Sample {
  const headers = { "content-type": "application/json" };
  return { name, type: "form_submission", headers, body: JSON.stringify(body), ids, times };
}

function question(id: string, type: string, name: string, value: unknown): object {
  return { id, name, type, value };
}

export const samples: readonly Sample[] = [
  sample(
    "contact-form",
    {
      formId: "vs1PXaHmRfus",
      formName: "Contact form",
      submission: {
        submissionId: "6f1c9a52-73e8-4994-85b9-56e780b89ce3",
        submissionTime: "2026-01-05T10:00:00.324Z",
        lastUpdatedAt: "2026-01-05T10:00:00.324Z",
        questions: [
          question("5AtgG35AAZVcrSVfRubvp1", "ShortAnswer", "First name", "Mei"),
          question("6BuhH46BBAWdsTWgSvcwq2", "ShortAnswer", "Last name", "Tan"),
          question(
            "kc6S6ThWu3cT5PVZkwKUg4",
            "EmailInput",
            "Where may we write to you?",
            "mei.tan@example.com",
          ),
          question("bE2Bo4cGUv49cjnqZ4UnkW", "PhoneNumber", "Mobile", "+6581234567"),
          question("jB2qDRcXQ8Pjo1kg3jre2J", "Dropdown", "Preferred language", "English"),
          question("dSRAe3hygqVwTpPK69p5td", "Checkboxes", "Interests", ["Facials", "Massage"]),
          question("fFnyxwWa3KV6nBdfBDCHEA", "Address", "Your address", {
            address: "1 Example Street",
            city: "Singapore",
            state: "",
            zipCode: "018956",
            country: "Singapore",
          }),
        ],
        calculations: [{ id: "abcdef", name: "Price", type: "number", value: "12.50" }],
        urlParameters: [{ id: "utm_source", name: "utm_source", value: "newsletter" }],
        quiz: {},
        documents: [],
        scheduling: [],
        payments: [],
      },
    },
    { ids: ["6f1c9a52-73e8-4994-85b9-56e780b89ce3"], times: ["2026-01-05T10:00:00.324Z"] },
  ),
  sample(
    "booking",
    {
      submissionId: "d25c76c4-0ad6-4418-acca-39809b98cb9e",
      submissionTime: "2026-01-05T10:05:30.118Z",
      lastUpdatedAt: "2026-01-05T10:05:30.118Z",
      questions: [question("4KC356y4M6W8jHPKx9QfEy", "LongAnswer", "What is it about?", "A wedding")],
      calculations: [],
      urlParameters: [{ id: "phone", name: "phone", value: "+60123456789" }],
      scheduling: [
        {
          id: "nLJtxBJgPA",
          name: "30 min meeting",
          value: { fullName: "Siti Aminah", email: "siti.aminah@example.com", timezone: "Asia/Kuala_Lumpur" },
        },
      ],
    },
    { ids: ["d25c76c4-0ad6-4418-acca-39809b98cb9e"], times: ["2026-01-05T10:05:30.118Z"] },
  ),
  sample(
    "own-body",
    {
      submissionId: "ab9959b2-73e8-4994-85b9-56e780b89ce3",
      submissionTime: "2026-01-05T10:07:45.902Z",
      full_name: "Grace Hopper",
      email: "grace.hopper@example.com",
      avatar_url: "https://www.example.com/grace.jpg",
      budget: 1_200,
    },
    { ids: ["ab9959b2-73e8-4994-85b9-56e780b89ce3"], times: ["2026-01-05T10:07:45.902Z"] },
  ),
];
