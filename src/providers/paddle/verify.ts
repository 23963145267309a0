import { anySecret, hmacSha256, matches, withinTolerance } from "../signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/**
 * `Paddle-Signature: ts=<unix seconds>;h1=<hex>[;h1=…]`: HMAC-SHA256 of `<ts>:<raw body>` with the whole
 * `pdl_ntfset_…` text as key. One `h1` per secret while secrets rotate: any may match, where Paddle's own library
 * looks at the last alone. That allows 5 s of age and any time ahead; here it is 300 s either way.
 */
export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  const header = request.headers["paddle-signature"];
  if (header === undefined) return { ok: false, reason: "no Paddle-Signature header" };
  const items = header.split(";").map((item) => item.trim());
  const valuesOf = (prefix: string) =>
    items.flatMap((item) => (item.startsWith(prefix) ? [item.slice(prefix.length)] : []));
  const times = valuesOf("ts=");
  const signatures = valuesOf("h1=");
  const [time] = times;
  if (times.length !== 1 || time === undefined || !/^\d{1,12}$/.test(time)) {
    return { ok: false, reason: "no readable time in Paddle-Signature" };
  }
  const proven = anySecret(credentials.secrets, (secret) => {
    const expected = hmacSha256(secret, `${time}:`, request.body);
    return signatures.filter((signature) => matches(expected, signature, "hex")).length > 0;
  });
  if (!proven) return { ok: false, reason: "no h1 signature matches" };
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
  const signature = hmacSha256(secret, `${time}:`, request.body).toString("hex");
  const headers = {
    "paddle-version": "1",
    ...request.headers,
    "paddle-signature": `ts=${time};h1=${signature}`,
  };
  return { headers, query: {}, body: request.body };
}
