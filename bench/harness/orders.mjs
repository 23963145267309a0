// Signed orders as a Shopify shop sends them: what every server under test is sent.
import { createHmac } from "node:crypto";

export const secret = "bench-secret";

/** Of an order: its lines, of which there are as many as make up the size. */
const line = {
  title: "Analytical engine, small",
  vendor: "Difference Ltd.",
  quantity: 1,
  price: "149.90",
  tax: "7.50",
};

/**
 * The body of order `number`. `perContact` orders in a row are of one person; the last name is made of the number, so
 * that it is known what every contact has to hold in the end: the highest of its own.
 *
 * @param bytes about how long it is
 */
export function orderBody(number, { perContact = 1, bytes = 1_000, now = Date.now() } = {}) {
  const person = Math.floor(number / perContact);
  const order = {
    id: 8_205_982_490_000 + number,
    admin_graphql_api_id: `gid://shopify/Order/${8_205_982_490_000 + number}`,
    name: `#${number}`,
    email: `person${person}@example.com`,
    created_at: new Date(now).toISOString(),
    updated_at: new Date(now).toISOString(),
    total_price: "149.90",
    currency: "GBP",
    customer_locale: "en-GB",
    customer: { first_name: "Ada", last_name: `N${number}`, email: `person${person}@example.com` },
    billing_address: { country_code: "GB", city: "London" },
    line_items: [line],
  };
  const missing = Math.max(0, bytes - JSON.stringify(order).length);
  const lines = Math.round(missing / (JSON.stringify(line).length + 1));
  return JSON.stringify({ ...order, line_items: Array.from({ length: 1 + lines }, () => line) });
}

export function signatureOf(body) {
  return createHmac("sha256", secret).update(body).digest("base64");
}

/** A whole request on the wire. */
export function orderRequest(path, body) {
  return (
    `POST ${path} HTTP/1.1\r\nhost: shop.test\r\ncontent-type: application/json\r\n` +
    `x-shopify-topic: orders/create\r\nx-shopify-shop-domain: bench.myshopify.com\r\n` +
    `x-shopify-hmac-sha256: ${signatureOf(body)}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
