import type { Sample } from "../provider.ts";

const json = { "content-type": "application/json" };

/** A payload as the specification has it, and two as others send them under the same signature. */
export const samples: readonly Sample[] = [
  {
    name: "contact-created",
    type: "contact.created",
    headers: { ...json, "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W" },
    body: JSON.stringify({
      type: "contact.created",
      timestamp: "2026-01-05T10:00:00.000Z",
      data: {
        id: "c_1f81eb52",
        first_name: "Nurul",
        last_name: "Aziz",
        email: "nurul.aziz@example.com",
        phone: "+12025550143",
      },
    }),
    ids: ["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"],
    times: ["2026-01-05T10:00:00.000Z"],
  },
  {
    name: "user-created-by-svix",
    type: "user.created",
    headers: { ...json, "svix-id": "msg_2mYJ8bXcN4dTqGkR7vPzLw3sHfA" },
    body: JSON.stringify({
      object: "event",
      type: "user.created",
      timestamp: 1_767_607_200_417,
      data: {
        id: "user_29w83sxmDNGwOuEthce5gg56FcC",
        first_name: "Ben",
        last_name: "Tan",
        email_addresses: [{ id: "idn_1", email_address: "ben.tan@example.com" }],
        phone_numbers: [{ id: "idn_2", phone_number: "+12025550144" }],
      },
    }),
    ids: ["msg_2mYJ8bXcN4dTqGkR7vPzLw3sHfA"],
    times: ["1767607200417"],
  },
  {
    name: "thin-customer-updated",
    type: "store/customer/updated",
    headers: { ...json, "webhook-id": "3f9ea420af83450d7ef9f78b08c8af25" },
    body: JSON.stringify({
      scope: "store/customer/updated",
      store_id: "1001",
      producer: "stores/abcde",
      data: { type: "customer", id: 32 },
      hash: "3f9ea420af83450d7ef9f78b08c8af25b2213637",
      created_at: 1_767_607_200,
    }),
    ids: ["3f9ea420af83450d7ef9f78b08c8af25"],
    times: ["1767607200"],
  },
];
