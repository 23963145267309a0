import type { JsonValue, Sample } from "../provider.ts";

interface Lead {
  readonly id: string;
  readonly form: string;
  readonly ad?: string;
  /** What has been fetched for it; without it is what Meta itself sends. */
  readonly answers?: Readonly<Record<string, readonly string[]>>;
  readonly platform?: "fb" | "ig";
}

const page = "104417862233901";
const created = 1_767_607_200;
const createdIso = "2026-01-05T10:00:00+0000";

function sample(name: string, lead: Lead): Sample {
  const ad = lead.ad === undefined ? {} : { ad_id: lead.ad, adgroup_id: lead.ad };
  const value: Record<string, JsonValue> = {
    created_time: created,
    leadgen_id: lead.id,
    page_id: page,
    form_id: lead.form,
    ...ad,
  };
  if (lead.answers) {
    value["lead"] = {
      id: lead.id,
      created_time: createdIso,
      form_id: lead.form,
      ...(lead.ad === undefined ? {} : { ad_id: lead.ad, campaign_id: "120209876543210111" }),
      is_organic: lead.ad === undefined,
      platform: lead.platform ?? "fb",
      field_data: Object.entries(lead.answers).map(([field, values]) => ({ name: field, values })),
    };
  }
  const entry = [{ id: page, time: created, changes: [{ value, field: "leadgen" }] }];
  return {
    name,
    type: "leadgen",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ entry, object: "page" }),
    ids: [lead.id],
    times: [String(created), createdIso],
  };
}

/** Meta sends the notification alone; the others bring along what is fetched, so that no token is needed to try them. */
export const samples: readonly Sample[] = [
  sample("notification", { id: "1760342985011723", form: "893217740211845" }),
  sample("lead", {
    id: "1760342985011724",
    form: "893217740211845",
    ad: "120209876543210456",
    answers: {
      full_name: ["Nurul Aziz"],
      email: ["nurul.aziz@example.com"],
      phone_number: ["+60123456789"],
      country: ["MY"],
    },
  }),
  sample("lead-with-questions", {
    id: "1760342985011725",
    form: "893217740211846",
    platform: "ig",
    answers: {
      first_name: ["Grace"],
      last_name: ["Hopper"],
      work_email: ["grace.hopper@example.com"],
      work_phone_number: ["+12025550143"],
      preferred_language: ["English"],
      profile_photo: ["https://images.example.com/grace.jpg"],
      "which_plan_interests_you?": ["Team"],
      "what_do_you_need?": ["WhatsApp", "Broadcasts"],
    },
  }),
];
