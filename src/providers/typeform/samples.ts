import type { Sample } from "../provider.ts";

interface Submission {
  readonly token: string;
  readonly eventId: string;
  readonly type?: string;
  readonly submittedAt: string;
  readonly hidden?: object;
  readonly title: string;
  readonly fields: readonly object[];
  readonly answers: readonly object[];
}

function sample(name: string, given: Submission): Sample {
  const type = given.type ?? "form_response";
  const { token, eventId, submittedAt } = given;
  const body = {
    event_id: eventId,
    event_type: type,
    form_response: {
      form_id: "lT4Z3j",
      token,
      landed_at: "2026-01-05T09:56:12Z",
      submitted_at: submittedAt,
      ...(given.hidden === undefined ? {} : { hidden: given.hidden }),
      definition: { id: "lT4Z3j", title: given.title, fields: given.fields },
      answers: given.answers,
    },
  };
  return {
    name,
    type,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ids: [token, eventId],
    times: [submittedAt],
  };
}

function question(id: string, type: string, ref: string, title: string): object {
  return { id, type, ref, title, properties: {} };
}

function part(id: string, type: string, key: string, title: string): object {
  return { id, type, ref: `contact_${key}`, title, subfield_key: key, properties: {} };
}

function answer(id: string, fieldType: string, ref: string, value: Record<string, unknown>): object {
  return { type: Object.keys(value)[0], ...value, field: { id, type: fieldType, ref } };
}

export const samples: readonly Sample[] = [
  sample("contact-details", {
    token: "a3a12ec67a1365927098a606107fac15",
    eventId: "01KE6R1V4Q0000000000000001",
    submittedAt: "2026-01-05T10:00:00Z",
    title: "Book a consultation",
    hidden: { utm_source: "newsletter" },
    fields: [
      {
        id: "cOntActDet01",
        type: "contact_info",
        ref: "contact",
        title: "How can we reach you?",
        properties: {
          fields: [
            part("cOntActDet02", "short_text", "first_name", "First name"),
            part("cOntActDet03", "short_text", "last_name", "Last name"),
            part("cOntActDet04", "phone_number", "phone_number", "Phone number"),
            part("cOntActDet05", "email", "email", "Email"),
            part("cOntActDet06", "short_text", "company", "Company"),
          ],
        },
      },
      question("dRopDown0001", "dropdown", "country", "*Country* of residence"),
      question(
        "mUltiple0001",
        "multiple_choice",
        "interests",
        "{{field:contact_first_name}}, what are you interested in?",
      ),
    ],
    answers: [
      answer("cOntActDet02", "short_text", "contact_first_name", { text: "Mei" }),
      answer("cOntActDet03", "short_text", "contact_last_name", { text: "Tan" }),
      answer("cOntActDet04", "phone_number", "contact_phone_number", { phone_number: "+6581234567" }),
      answer("cOntActDet05", "email", "contact_email", { email: "mei.tan@example.com" }),
      answer("cOntActDet06", "short_text", "contact_company", { text: "Example Pte Ltd" }),
      answer("dRopDown0001", "dropdown", "country", { choice: { label: "Singapore" } }),
      answer("mUltiple0001", "multiple_choice", "interests", {
        choices: { labels: ["Facials", "Massage"], other: "Yoga" },
      }),
    ],
  }),
  sample("application", {
    token: "b5c1f0de9a8841d7a2c3e4f506172839",
    eventId: "01KE6R1V4Q0000000000000002",
    submittedAt: "2026-01-05T10:05:30Z",
    title: "Join the studio",
    fields: [
      question("sHortText001", "short_text", "name", "What's your _full name_?"),
      question("eMailField01", "email", "mail", "Where may we write to you?"),
      question("cHoiceField1", "multiple_choice", "language", "Preferred *language*"),
      question("wEbsiteFiel1", "website", "picture", "Profile picture"),
      question("lEgalField01", "legal", "terms", "I agree to the terms"),
    ],
    answers: [
      answer("sHortText001", "short_text", "name", { text: "Grace Hopper" }),
      answer("eMailField01", "email", "mail", { email: "grace.hopper@example.com" }),
      answer("cHoiceField1", "multiple_choice", "language", { choice: { label: "English" } }),
      answer("wEbsiteFiel1", "website", "picture", { url: "https://www.example.com/grace.jpg" }),
      answer("lEgalField01", "legal", "terms", { boolean: true }),
    ],
  }),
  sample("partial-response", {
    type: "form_response_partial",
    token: "c7d20b13e4f54a6b8c9d0e1f2a3b4c5d",
    eventId: "01KE6R1V4Q0000000000000003",
    submittedAt: "2026-01-05T10:07:45Z",
    title: "Book a consultation",
    hidden: { email: "siti.aminah@example.com", phone: "+60123456789", name: "Siti Aminah" },
    fields: [question("sHortText002", "short_text", "treatment", "Which treatment would you like?")],
    answers: [answer("sHortText002", "short_text", "treatment", { text: "A massage" })],
  }),
];
