import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";
import { anySecret, hmacSha256, matches } from "../signature.ts";

const header = "typeform-signature";
const scheme = "sha256=";

/** `Typeform-Signature: sha256=<base64>`: HMAC-SHA256 of the raw body alone; no time and no header is signed. */
export function verify(request: InboundRequest, credentials: Credentials): Verification {
  const given = request.headers[header];
  if (given === undefined) return { ok: false, reason: "no Typeform-Signature header" };
  if (!given.startsWith(scheme)) return { ok: false, reason: "no sha256 in Typeform-Signature" };
  const signature = given.slice(scheme.length);
  const proven = anySecret(credentials.secrets, (secret) =>
    matches(hmacSha256(secret, request.body), signature, "base64"),
  );
  return proven ? { ok: true } : { ok: false, reason: "the signature does not match" };
}

export function sign(request: Pick<OutboundRequest, "headers" | "body">, secret: string): OutboundRequest {
  const signature = scheme + hmacSha256(secret, request.body).toString("base64");
  return { headers: { ...request.headers, [header]: signature }, query: {}, body: request.body };
}
