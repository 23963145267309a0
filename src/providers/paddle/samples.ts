import type { Sample } from "../provider.ts";

interface Customer {
  readonly id: string;
  readonly name: string | null;
  readonly email: string;
  readonly locale: string;
  readonly marketing_consent: boolean;
  readonly custom_data?: object;
  readonly import_meta?: object;
}

function sample(name: string, type: string, number: string, customer: Customer): Sample {
  const event = {
    event_id: `evt_01ke6sample${number}00000000000000`,
    event_type: type,
    occurred_at: "2026-01-05T10:00:00.792661Z",
    notification_id: `ntf_01ke6sample${number}00000000000000`,
    data: {
      status: "active",
      custom_data: null,
      created_at: "2025-11-20T08:30:00.533Z",
      updated_at: "2026-01-05T09:59:59.884487Z",
      ...customer,
    },
  };
  return {
    name,
    type,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
    ids: [event.event_id, event.notification_id],
    times: [event.occurred_at, event.data.updated_at],
  };
}

export const samples: readonly Sample[] = [
  sample("customer-created", "customer.created", "1", {
    id: "ctm_01ke6sample1ada00000000000",
    name: "Ada Lovelace",
    email: "ada.lovelace@example.com",
    locale: "en",
    marketing_consent: false,
  }),
  sample("customer-updated", "customer.updated", "2", {
    id: "ctm_01ke6sample2max00000000000",
    name: "Max Mustermann",
    email: "max.mustermann@example.com",
    locale: "de",
    marketing_consent: true,
    custom_data: { plan: "team" },
  }),
  sample("customer-imported", "customer.imported", "3", {
    id: "ctm_01ke6sample3bia00000000000",
    name: null,
    email: "beatriz.souza@example.com",
    locale: "pt-BR",
    marketing_consent: false,
    import_meta: { external_id: "4711", imported_from: "paddle_classic" },
  }),
];
