import { anySecret, hmacSha256, matches, withinTolerance } from "../signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/**
 * `x-webflow-signature` is the hex HMAC-SHA256 of `<x-webflow-timestamp>:<raw body>`, the time in milliseconds. The
 * key is the webhook's own `secretKey`, or the client secret of the OAuth app that made it. Webflow's guide signs the
 * body parsed and written anew; what was sent is what was signed.
 */
export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  const signature = request.headers["x-webflow-signature"];
  const time = request.headers["x-webflow-timestamp"];
  if (signature === undefined) return { ok: false, reason: "no x-webflow-signature header" };
  if (time === undefined || !/^\d{1,15}$/.test(time)) {
    return { ok: false, reason: "no readable time in x-webflow-timestamp" };
  }
  const proven = anySecret(credentials.secrets, (secret) =>
    matches(hmacSha256(secret, `${time}:`, request.body), signature, "hex"),
  );
  if (!proven) return { ok: false, reason: "the signature does not match" };
  if (!withinTolerance(Number(time), now)) return { ok: false, reason: "signed more than 300 s away" };
  return { ok: true };
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  const signature = hmacSha256(secret, `${now}:`, request.body).toString("hex");
  const headers = {
    ...request.headers,
    "x-webflow-timestamp": String(now),
    "x-webflow-signature": signature,
  };
  return { headers, query: {}, body: request.body };
}
