import type { Sample } from "../provider.ts";

const api = "https://api.calendly.com";
const host = `${api}/users/7c1f0a52-90d4-4b65-a3f8-2e6d1b0c9a47`;
const noTracking = {
  utm_campaign: null,
  utm_source: null,
  utm_medium: null,
  utm_content: null,
  utm_term: null,
  salesforce_uuid: null,
};

function sample(name: string, type: string, id: string, createdAt: string, payload: object): Sample {
  return {
    name,
    type,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ created_at: createdAt, created_by: host, event: type, payload }),
    ids: [id],
    times: [createdAt],
  };
}

function invitee(eventId: string, id: string, updatedAt: string, given: object): object {
  return {
    cancel_url: `https://calendly.com/cancellations/${id}`,
    created_at: "2026-03-02T09:15:11.000000Z",
    event: `${api}/scheduled_events/${eventId}`,
    first_name: null,
    last_name: null,
    new_invitee: null,
    no_show: null,
    old_invitee: null,
    reschedule_url: `https://calendly.com/reschedulings/${id}`,
    rescheduled: false,
    status: "active",
    text_reminder_number: null,
    timezone: "Europe/Berlin",
    tracking: noTracking,
    updated_at: updatedAt,
    uri: `${api}/scheduled_events/${eventId}/invitees/${id}`,
    ...given,
  };
}

const [booked, called, canceled, routed] = [
  "1a4d7e2b-5c8f-4a1d-9b3e-6f0c8d2a5b01",
  "1a4d7e2b-5c8f-4a1d-9b3e-6f0c8d2a5b02",
  "1a4d7e2b-5c8f-4a1d-9b3e-6f0c8d2a5b03",
  "1a4d7e2b-5c8f-4a1d-9b3e-6f0c8d2a5b04",
] as const;

export const samples: readonly Sample[] = [
  sample(
    "invitee-created",
    "invitee.created",
    booked,
    "2026-03-02T09:15:12.105381Z",
    invitee("8f2b6c1a-9d3e-4a7f-b5c2-1e6f9a0d4b71", booked, "2026-03-02T09:15:11.731525Z", {
      email: "lena.vogel@example.com",
      name: "Lena Vogel",
      text_reminder_number: "+1 202-555-0143",
      questions_and_answers: [
        { question: "Preferred language", answer: "German", position: 0 },
        { question: "Country", answer: "Germany", position: 1 },
        { question: "Profile picture", answer: "https://images.example.com/lena.jpg", position: 2 },
      ],
      tracking: { ...noTracking, utm_source: "newsletter", utm_campaign: "spring" },
    }),
  ),
  sample(
    "call-booked",
    "invitee.created",
    called,
    "2026-03-03T10:02:44.281190Z",
    invitee("8f2b6c1a-9d3e-4a7f-b5c2-1e6f9a0d4b72", called, "2026-03-03T10:02:43.912004Z", {
      email: "tomas.novak@example.com",
      name: "Tomas Novak",
      first_name: "Tomas",
      last_name: "Novak",
      questions_and_answers: [],
      scheduled_event: {
        uri: `${api}/scheduled_events/8f2b6c1a-9d3e-4a7f-b5c2-1e6f9a0d4b72`,
        name: "Introduction by phone",
        status: "active",
        start_time: "2026-03-09T08:00:00.000000Z",
        end_time: "2026-03-09T08:30:00.000000Z",
        location: { type: "outbound_call", location: "+1 202-555-0178" },
      },
    }),
  ),
  sample(
    "invitee-canceled",
    "invitee.canceled",
    canceled,
    "2026-03-04T16:40:57.574849Z",
    invitee("8f2b6c1a-9d3e-4a7f-b5c2-1e6f9a0d4b73", canceled, "2026-03-04T16:40:57.238765Z", {
      cancellation: { canceled_by: "Ines Prado", canceler_type: "invitee", reason: "Found another time" },
      email: "ines.prado@example.com",
      name: "Ines Prado",
      status: "canceled",
      questions_and_answers: [{ question: "Phone Number", answer: "+1 202-555-0112", position: 0 }],
    }),
  ),
  sample("routing-form-submitted", "routing_form_submission.created", routed, "2026-03-05T11:20:00.678000Z", {
    uri: `${api}/routing_form_submissions/${routed}`,
    routing_form: `${api}/routing_forms/5f0c2e9a-7b1d-4c38-8e65-0a9d3b7c1f24`,
    questions_and_answers: [
      { question_uuid: "123e4567-e89b-12d3-a456-426614174001", question: "Name", answer: "Priya Raman" },
      {
        question_uuid: "123e4567-e89b-12d3-a456-426614174002",
        question: "Email",
        answer: "priya.raman@example.com",
      },
      {
        question_uuid: "123e4567-e89b-12d3-a456-426614174003",
        question: "Phone number",
        answer: "+65 9123 4567",
      },
      {
        question_uuid: "123e4567-e89b-12d3-a456-426614174004",
        question: "What is your industry?",
        answer: "IT & Software",
      },
    ],
    tracking: noTracking,
    result: { type: "event_type", value: `${api}/event_types/2c5e8a1d-4f7b-4d9e-a2c5-8b1e4f7a0d3c` },
    submitter: null,
    submitter_type: null,
    created_at: "2026-03-05T11:20:00.111000Z",
    updated_at: "2026-03-05T11:20:00.111000Z",
  }),
];
