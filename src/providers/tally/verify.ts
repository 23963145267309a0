import { anySecret, hmacSha256, matches } from "../signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/**
 * `Tally-Signature: <base64>`: HMAC-SHA256 of the raw body. Tally's own example hashes the parsed body written anew,
 * which is the same only as long as nothing on the way changes a byte of it.
 */
export function verify(request: InboundRequest, credentials: Credentials): Verification {
  const signature = request.headers["tally-signature"];
  if (signature === undefined) return { ok: false, reason: "no Tally-Signature header" };
  const proven = anySecret(credentials.secrets, (secret) =>
    matches(hmacSha256(secret, request.body), signature, "base64"),
  );
  return proven ? { ok: true } : { ok: false, reason: "the Tally-Signature does not match" };
}

export function sign(request: Pick<OutboundRequest, "headers" | "body">, secret: string): OutboundRequest {
  const signature = hmacSha256(secret, request.body).toString("base64");
  return { headers: { ...request.headers, "tally-signature": signature }, query: {}, body: request.body };
}
