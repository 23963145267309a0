import type { Sample } from "../provider.ts";

/** Its times move with its `updated_at`, and with them its body, which is its identity. */
function sample(
  name: string,
  type: string,
  body: { readonly updated_at: string; readonly [name: string]: unknown },
): Sample {
  const { updated_at: updatedAt } = body;
  return {
    name,
    type,
    headers: { "content-type": "application/json", "x-shopify-topic": type },
    body: JSON.stringify(body),
    times: [updatedAt],
  };
}

const customer = {
  id: 7_064_055_069_303,
  admin_graphql_api_id: "gid://shopify/Customer/7064055069303",
  email: "ada.lovelace@example.com",
  first_name: "Ada",
  last_name: "Lovelace",
  phone: "+442079460123",
  updated_at: "2026-01-05T09:00:00Z",
  default_address: {
    first_name: "Ada",
    last_name: "Lovelace",
    country: "United Kingdom",
    country_code: "GB",
  },
};

export const samples: readonly Sample[] = [
  sample("customer-created", "customers/create", {
    ...customer,
    created_at: "2026-01-05T09:00:00Z",
    state: "enabled",
  }),
  sample("order-created", "orders/create", {
    id: 8_205_982_490_001,
    admin_graphql_api_id: "gid://shopify/Order/8205982490001",
    name: "#1001",
    email: "ada.lovelace@example.com",
    phone: null,
    customer_locale: "en-GB",
    total_price: "149.90",
    currency: "GBP",
    financial_status: "paid",
    created_at: "2026-01-05T10:00:00Z",
    updated_at: "2026-01-05T10:00:03Z",
    customer,
    billing_address: { first_name: "Ada", last_name: "Lovelace", phone: "+442079460123", country_code: "GB" },
    line_items: [{ title: "Analytical engine, small", quantity: 1, price: "149.90" }],
  }),
  sample("order-updated", "orders/updated", {
    id: 8_205_982_490_002,
    name: "#1002",
    email: "siti.aminah@example.com",
    phone: "+60123456789",
    customer_locale: "ms-MY",
    total_price: "59.00",
    currency: "MYR",
    fulfillment_status: "fulfilled",
    created_at: "2026-01-04T08:00:00+08:00",
    updated_at: "2026-01-05T18:30:00+08:00",
    customer: {
      id: 7_064_055_069_304,
      first_name: "Siti",
      last_name: "Aminah",
      email: "siti.aminah@example.com",
    },
    billing_address: { name: "Siti Aminah", country_code: "MY", country: "Malaysia" },
  }),
];
