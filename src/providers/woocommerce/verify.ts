import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";
import { anySecret, hmacSha256, matches } from "../signature.ts";
import { signingKey } from "./secret.ts";

/**
 * `X-WC-Webhook-Signature`: base64 HMAC-SHA256 of the raw body alone; no time and no other header is signed
 * (`generate_signature` of WooCommerce's `class-wc-webhook.php`).
 */
export function verify(request: InboundRequest, credentials: Credentials): Verification {
  const signature = request.headers["x-wc-webhook-signature"];
  if (signature === undefined) return { ok: false, reason: "no X-WC-Webhook-Signature header" };
  const proven = anySecret(credentials.secrets, (secret) => {
    // A page shows an encoded secret decoded: what is copied from there is the key already.
    const keys = new Set([signingKey(secret), secret]);
    return [...keys].filter((key) => matches(hmacSha256(key, request.body), signature, "base64")).length > 0;
  });
  return proven ? { ok: true } : { ok: false, reason: "the signature does not match" };
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  const seconds = Math.floor(now / 1_000);
  const headers = {
    "x-wc-webhook-source": "https://shop.example.com/",
    "x-wc-webhook-id": "4",
    "x-wc-webhook-delivery-id": hmacSha256("sample delivery id", `4${seconds}`).toString("hex").slice(0, 32),
    ...request.headers,
    "x-wc-webhook-signature": hmacSha256(signingKey(secret), request.body).toString("base64"),
  };
  return { headers, query: {}, body: request.body };
}
