import type { Sample } from "../provider.ts";

function sample(name: string, type: string, object: object): Sample {
  const event = {
    id: `evt_${name}`,
    object: "event",
    api_version: "2025-09-30.clover",
    created: 1_767_607_200,
    type,
    livemode: false,
    pending_webhooks: 1,
    data: { object },
  };
  return {
    name,
    type,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(event),
    ids: [event.id],
    times: [String(event.created)],
  };
}

export const samples: readonly Sample[] = [
  sample("customer-updated", "customer.updated", {
    id: "cus_Sample1",
    object: "customer",
    email: "grace.hopper@example.com",
    name: "Grace Hopper",
    phone: "+12025550143",
    preferred_locales: ["en-US"],
    address: { country: "US", city: "Arlington" },
    metadata: {},
  }),
  sample("checkout-completed", "checkout.session.completed", {
    id: "cs_test_Sample2",
    object: "checkout.session",
    amount_total: 4_900,
    currency: "myr",
    locale: "auto",
    customer: null,
    customer_details: {
      email: "siti.aminah@example.com",
      name: "Siti Aminah",
      phone: "+60123456789",
      address: { country: "MY" },
    },
  }),
  sample("invoice-paid", "invoice.paid", {
    id: "in_Sample3",
    object: "invoice",
    number: "A-0001",
    amount_paid: 12_000,
    currency: "eur",
    customer_email: "max.mustermann@example.com",
    customer_name: "Max Mustermann",
    customer_phone: "+4930123456",
    customer_address: { country: "DE" },
  }),
];
