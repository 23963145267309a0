import { anySecret, hmacSha256, matches, withinTolerance } from "./signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "./provider.ts";

/** A header of the form `t=<unix seconds>,v1=<hex>[,v1=…]`: HMAC-SHA256 of time, joiner and raw body. */
export interface TimedScheme {
  /** The header's name as it is documented. */
  readonly header: string;
  readonly separator: "," | ";";
  readonly time: string;
  readonly signature: string;
  readonly joiner: "." | ":";
}

/** Any of several signatures may match, by any secret: rotation. A time ahead is refused as one behind is. */
export function verifyTimed(
  scheme: TimedScheme,
  request: InboundRequest,
  credentials: Credentials,
  now: number,
): Verification {
  const header = request.headers[scheme.header.toLowerCase()];
  if (header === undefined) return { ok: false, reason: `no ${scheme.header} header` };
  const items = header.split(scheme.separator).map((item) => item.trim());
  const valuesOf = (name: string) =>
    items.flatMap((item) => (item.startsWith(`${name}=`) ? [item.slice(name.length + 1)] : []));
  const times = valuesOf(scheme.time);
  const signatures = valuesOf(scheme.signature);
  const [time] = times;
  if (times.length !== 1 || time === undefined || !/^\d{1,12}$/.test(time)) {
    return { ok: false, reason: `no readable time in ${scheme.header}` };
  }
  const proven = anySecret(credentials.secrets, (secret) => {
    const expected = hmacSha256(secret, `${time}${scheme.joiner}`, request.body);
    return signatures.filter((signature) => matches(expected, signature, "hex")).length > 0;
  });
  if (!proven) return { ok: false, reason: `no ${scheme.signature} signature matches` };
  if (!withinTolerance(Number(time) * 1_000, now)) {
    return { ok: false, reason: "signed more than 300 s away" };
  }
  return { ok: true };
}

export function signTimed(
  scheme: TimedScheme,
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  const time = Math.floor(now / 1_000);
  const signature = hmacSha256(secret, `${time}${scheme.joiner}`, request.body).toString("hex");
  const value = `${scheme.time}=${time}${scheme.separator}${scheme.signature}=${signature}`;
  return {
    headers: { ...request.headers, [scheme.header.toLowerCase()]: value },
    query: {},
    body: request.body,
  };
}
