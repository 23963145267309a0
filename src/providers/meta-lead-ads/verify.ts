import { anySecret, hmacSha256, matches } from "../signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

const prefix = "sha256=";

/**
 * `X-Hub-Signature-256: sha256=<hex>`: HMAC-SHA256 of the raw body with the app secret, over the bytes as sent, where
 * Meta writes `ä` as `\u00e4`. The legacy SHA-1 in `X-Hub-Signature` proves nothing. No time is signed.
 */
export function verify(request: InboundRequest, credentials: Credentials): Verification {
  const header = request.headers["x-hub-signature-256"];
  if (header === undefined) return { ok: false, reason: "no X-Hub-Signature-256 header" };
  if (!header.startsWith(prefix)) return { ok: false, reason: "no sha256 in X-Hub-Signature-256" };
  const given = header.slice(prefix.length);
  const proven = anySecret(credentials.secrets, (secret) =>
    matches(hmacSha256(secret, request.body), given, "hex"),
  );
  return proven ? { ok: true } : { ok: false, reason: "the sha256 signature does not match" };
}

export function sign(request: Pick<OutboundRequest, "headers" | "body">, secret: string): OutboundRequest {
  const signature = `${prefix}${hmacSha256(secret, request.body).toString("hex")}`;
  return {
    headers: { ...request.headers, "x-hub-signature-256": signature },
    query: {},
    body: request.body,
  };
}
