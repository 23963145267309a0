import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";
import { anySecret, hmacSha256, matches } from "../signature.ts";

const header = "x-webhook-signature";

/**
 * `X-Webhook-Signature`: base64 of the HMAC-SHA256 of the raw body alone. Every webhook of the workspace has a key of its
 * own, so that a source has as many secrets as webhooks post to it.
 */
export function verify(request: InboundRequest, credentials: Credentials): Verification {
  const given = request.headers[header];
  if (given === undefined) return { ok: false, reason: "no X-Webhook-Signature header" };
  const proven = anySecret(credentials.secrets, (secret) =>
    matches(hmacSha256(secret, request.body), given, "base64"),
  );
  return proven ? { ok: true } : { ok: false, reason: "the signature does not match" };
}

export function sign(request: Pick<OutboundRequest, "headers" | "body">, secret: string): OutboundRequest {
  const signature = hmacSha256(secret, request.body).toString("base64");
  return { headers: { ...request.headers, [header]: signature }, query: {}, body: request.body };
}
