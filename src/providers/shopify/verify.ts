import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";
import { anySecret, hmacSha256, matches } from "../signature.ts";

/** The classic header family, and the one of Shopify's newer Events. */
const signatureHeaders = ["x-shopify-hmac-sha256", "shopify-hmac-sha256"];

/**
 * Base64 HMAC-SHA256 of the raw body alone: no time and no header is signed. Every signature that is present has to
 * match, so that none can be smuggled in beside a good one.
 */
export function verify(request: InboundRequest, credentials: Credentials): Verification {
  const given = signatureHeaders.flatMap((name) => request.headers[name] ?? []);
  if (given.length === 0) return { ok: false, reason: "no HMAC header" };
  const proven = anySecret(credentials.secrets, (secret) => {
    const expected = hmacSha256(secret, request.body);
    return given.filter((signature) => matches(expected, signature, "base64")).length === given.length;
  });
  return proven ? { ok: true } : { ok: false, reason: "the HMAC does not match" };
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  const signature = hmacSha256(secret, request.body).toString("base64");
  const headers = {
    "x-shopify-shop-domain": "sample-shop.myshopify.com",
    "x-shopify-api-version": "2026-07",
    "x-shopify-triggered-at": new Date(now).toISOString(),
    "x-shopify-webhook-id": webhookId(request.body),
    ...request.headers,
    "x-shopify-hmac-sha256": signature,
  };
  return { headers, query: {}, body: request.body };
}

/** The same for the same body, as that of a delivery that is repeated. */
function webhookId(body: Buffer): string {
  const digits = hmacSha256("sample webhook id", body).toString("hex");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}
