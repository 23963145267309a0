import type { Sample } from "../provider.ts";

/** Its id and its time make it the event it is: its body is its identity. */
function sample(
  name: string,
  type: string,
  body: { readonly id: number; readonly date_modified_gmt: string; readonly [name: string]: unknown },
): Sample {
  return {
    name,
    type,
    headers: { "content-type": "application/json", "x-wc-webhook-topic": type },
    body: JSON.stringify(body),
    ids: [String(body.id)],
    times: [body.date_modified_gmt],
  };
}

export const samples: readonly Sample[] = [
  sample("customer-updated", "customer.updated", {
    id: 402_177_301,
    date_created_gmt: "2025-11-21T16:09:28",
    date_modified_gmt: "2026-01-05T09:00:00",
    email: "ada.lovelace@example.com",
    first_name: "Ada",
    last_name: "Lovelace",
    role: "customer",
    username: "ada.lovelace",
    billing: {
      first_name: "Ada",
      last_name: "Lovelace",
      company: "",
      city: "London",
      country: "GB",
      email: "ada.lovelace@example.com",
      phone: "+442079460123",
    },
    shipping: { first_name: "Ada", last_name: "Lovelace", country: "GB" },
    is_paying_customer: true,
    avatar_url: "https://shop.example.com/wp-content/uploads/avatars/ada.jpg",
    meta_data: [],
  }),
  sample("order-created", "order.created", {
    id: 402_177_302,
    number: "1001",
    order_key: "wc_order_Sample1",
    status: "processing",
    currency: "USD",
    date_created_gmt: "2026-01-05T10:00:00",
    date_modified_gmt: "2026-01-05T10:00:03",
    total: "49.00",
    customer_id: 0,
    customer_note: "",
    billing: {
      first_name: "Grace",
      last_name: "Hopper",
      company: "",
      city: "Arlington",
      state: "VA",
      country: "US",
      email: "grace.hopper@example.com",
      phone: "+12025550143",
    },
    shipping: { first_name: "Greta", last_name: "Gift", country: "CA", phone: "+16135550199" },
    line_items: [{ name: "Nanosecond of wire", quantity: 1, total: "49.00" }],
    meta_data: [],
  }),
  sample("order-updated", "order.updated", {
    id: 402_177_303,
    number: "1002",
    order_key: "wc_order_Sample2",
    status: "completed",
    currency: "MYR",
    date_created_gmt: "2026-01-04T08:00:00",
    date_modified_gmt: "2026-01-05T11:30:00",
    total: "120.00",
    customer_id: 26,
    billing: {
      first_name: "Siti",
      last_name: "Aminah",
      country: "MY",
      email: "siti.aminah@example.com",
      phone: "+60123456789",
    },
    shipping: { first_name: "Siti", last_name: "Aminah", country: "MY" },
    line_items: [{ name: "Batik scarf", quantity: 2, total: "120.00" }],
    meta_data: [],
  }),
];
