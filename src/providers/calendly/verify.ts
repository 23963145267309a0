import { anySecret, hmacSha256, matches, withinTolerance } from "../signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/**
 * `Calendly-Webhook-Signature: t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<raw body>` with the subscription's
 * signing key.
 */
export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  const header = request.headers["calendly-webhook-signature"];
  if (header === undefined) return { ok: false, reason: "no Calendly-Webhook-Signature header" };
  const items = header.split(",").map((item) => item.trim());
  const valuesOf = (prefix: string) =>
    items.flatMap((item) => (item.startsWith(prefix) ? [item.slice(prefix.length)] : []));
  const times = valuesOf("t=");
  const signatures = valuesOf("v1=");
  const [time] = times;
  if (times.length !== 1 || time === undefined || !/^\d{1,12}$/.test(time)) {
    return { ok: false, reason: "no readable time in Calendly-Webhook-Signature" };
  }
  const proven = anySecret(credentials.secrets, (secret) => {
    const expected = hmacSha256(secret, `${time}.`, request.body);
    return signatures.filter((signature) => matches(expected, signature, "hex")).length > 0;
  });
  if (!proven) return { ok: false, reason: "no v1 signature matches" };
  if (!withinTolerance(Number(time) * 1_000, now)) {
    return { ok: false, reason: "signed more than 300 s away" };
  }
  return { ok: true };
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  const time = Math.floor(now / 1_000);
  const signature = hmacSha256(secret, `${time}.`, request.body).toString("hex");
  const headers = { ...request.headers, "calendly-webhook-signature": `t=${time},v1=${signature}` };
  return { headers, query: {}, body: request.body };
}
