import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "./provider.ts";

/** Timestamped schemes refuse more than this of age or future, in milliseconds. */
export const toleranceMs = 300_000;

export function hmacSha256(key: string | Buffer, ...parts: (string | Buffer)[]): Buffer {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** 32 bytes, in the one way base64 writes them: the last digit carries two bits that have to be zero. */
const encodings = {
  hex: /^[0-9a-f]{64}$/i,
  base64: /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/,
} as const;

/** Constant-time comparison with a digest given as text; false for anything that is not 32 bytes so encoded. */
export function matches(expected: Buffer, given: string, encoding: "hex" | "base64"): boolean {
  if (!encodings[encoding].test(given)) return false;
  return timingSafeEqual(expected, Buffer.from(given, encoding));
}

/** Constant-time comparison of two texts of any length. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Refuses what is no time at all, too. Both in milliseconds since the epoch. */
export function withinTolerance(timestampMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - timestampMs) <= toleranceMs;
}

/** Whether any secret satisfies `proves`; every one is tried, so that the time tells nothing of which. */
export function anySecret(secrets: readonly string[], proves: (secret: string) => boolean): boolean {
  return secrets.filter((secret) => secret !== "" && proves(secret)).length > 0;
}

/**
 * The proof of senders that can only send a shared key: `Authorization: Bearer`, `X-Webhook-Key`, the password of
 * basic auth, or a query parameter. Any presented one may be any configured one.
 *
 * @param ownHeader the sender's own header for a key, in lower case
 */
export function verifyKey(
  request: InboundRequest,
  credentials: Credentials,
  queryParameters: readonly string[] = ["key"],
  ownHeader?: string,
): Verification {
  const presented = presentedKeys(request, queryParameters, ownHeader);
  if (presented.length === 0) return { ok: false, reason: "no key" };
  const proven = presented.filter((given) => anySecret(credentials.keys, (key) => sameText(given, key)));
  return proven.length > 0 ? { ok: true } : { ok: false, reason: "wrong key" };
}

function presentedKeys(
  request: InboundRequest,
  queryParameters: readonly string[],
  ownHeader: string | undefined,
): string[] {
  const authorization = request.headers["authorization"] ?? "";
  const bearer = /^\s*bearer\s+(\S.*)$/i.exec(authorization)?.[1]?.trimEnd();
  const basic = /^\s*basic\s+([A-Za-z0-9+/_-]+=*)\s*$/i.exec(authorization)?.[1];
  const decoded = basic === undefined ? undefined : Buffer.from(basic, "base64").toString("utf8");
  const password = decoded?.includes(":") ? decoded.slice(decoded.indexOf(":") + 1) : undefined;
  const fromQuery = queryParameters.map((name) =>
    Object.hasOwn(request.query, name) ? request.query[name] : undefined,
  );
  const own = ownHeader === undefined ? undefined : request.headers[ownHeader];
  return [bearer, password, request.headers["x-webhook-key"], own, ...fromQuery].filter(
    (key): key is string => key !== undefined && key !== "",
  );
}

/** What a sender that proves itself by key sends. */
export function signWithKey(
  request: Pick<OutboundRequest, "headers" | "body">,
  key: string,
): OutboundRequest {
  return {
    headers: { ...request.headers, authorization: `Bearer ${key}` },
    query: {},
    body: request.body,
  };
}
