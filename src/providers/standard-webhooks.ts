import { createHash, sign, verify, type KeyObject } from "node:crypto";
import { hmacSha256, matches, withinTolerance } from "./signature.ts";
import type { InboundRequest, OutboundRequest, Verification } from "./provider.ts";

/** What a configured secret proves with: `v1` is HMAC-SHA256, `v1a` is ed25519. */
export type ProofKey =
  | { readonly scheme: "v1"; readonly key: Buffer }
  /** Without the private key it proves, and cannot sign. */
  | { readonly scheme: "v1a"; readonly publicKey: KeyObject; readonly privateKey?: KeyObject };

type Headers = Readonly<Record<string, string>>;

const families = ["webhook", "svix"] as const;
const parts = ["id", "timestamp", "signature"] as const;
type Message = Readonly<Record<(typeof parts)[number], string>>;

/** 64 bytes, in the one way base64 writes them. */
const ed25519Signature = /^[A-Za-z0-9+/]{85}[AQgw]==$/;
/** Far more than a rotation needs: each costs a hash of the whole body. */
const ed25519SignaturesMax = 8;

/**
 * Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` in seconds and `webhook-signature`, a list of `v1,<base64>`
 * and `v1a,<base64>` divided by spaces, over `<id>.<timestamp>.<raw body>`. Svix calls the same headers `svix-…`.
 * Any signature may be by any key.
 */
export function verifyMessage(
  request: Pick<InboundRequest, "headers" | "body">,
  keys: readonly ProofKey[],
  now: number,
): Verification {
  const read = readMessage(request.headers);
  if (!read.ok) return read;
  if (keys.length === 0) return { ok: false, reason: "no usable secret is configured" };
  const { message } = read;
  // Every key is tried, so that the time tells nothing of which one proves.
  if (keys.filter((key) => proves(key, message, request.body)).length === 0) {
    return { ok: false, reason: "no signature matches" };
  }
  if (!withinTolerance(Number(message.timestamp) * 1_000, now)) {
    return { ok: false, reason: "signed more than 300 s away" };
  }
  return { ok: true };
}

/** The id under which the message was signed, the same over retries. */
export function messageId(headers: Headers): string | undefined {
  return families.map((family) => headers[`${family}-id`]).find((id) => id !== undefined && id !== "");
}

export function carriesSignature(headers: Headers): boolean {
  return families.some((family) => headers[`${family}-signature`] !== undefined);
}

/** Without a key that can sign the message goes out unsigned, and is refused. */
export function signMessage(
  request: Pick<OutboundRequest, "headers" | "body">,
  key: ProofKey | undefined,
  now: number,
): OutboundRequest {
  const { body } = request;
  const family = request.headers["svix-id"] === undefined ? "webhook" : "svix";
  const id = messageId(request.headers) ?? `msg_${createHash("sha256").update(body).digest("hex")}`;
  const timestamp = String(Math.floor(now / 1_000));
  const signature = key && signatureBy(key, `${id}.${timestamp}.`, body);
  const headers = {
    ...request.headers,
    [`${family}-id`]: id,
    [`${family}-timestamp`]: timestamp,
    ...(signature === undefined ? {} : { [`${family}-signature`]: signature }),
  };
  return { headers, query: {}, body };
}

/** The bytes of standard base64, padded or not; undefined for anything else, and for none. */
export function decodeBase64(text: string): Buffer | undefined {
  const digits = /^([A-Za-z0-9+/]+)={0,2}$/.exec(text)?.[1];
  if (digits === undefined || digits.length % 4 === 1) return undefined;
  if (digits.length !== text.length && text.length % 4 !== 0) return undefined;
  return Buffer.from(digits, "base64");
}

/**
 * One message has one id. Where both families of headers are there, they have to say the same: which of two ids was
 * signed would be anybody's choice otherwise. Svix's library mixes them, header by header.
 */
function readMessage(
  headers: Headers,
): { ok: true; message: Message } | Extract<Verification, { ok: false }> {
  const [present = "webhook", second] = families.filter((family) =>
    parts.some((part) => headers[`${family}-${part}`] !== undefined),
  );
  if (second && parts.some((part) => headers[`${present}-${part}`] !== headers[`${second}-${part}`])) {
    return { ok: false, reason: `${present}-* and ${second}-* headers differ` };
  }
  const missing = parts.find((part) => (headers[`${present}-${part}`] ?? "") === "");
  if (missing) return { ok: false, reason: `no ${present}-${missing} header` };
  const [id = "", timestamp = "", signature = ""] = parts.map((part) => headers[`${present}-${part}`]);
  // The specification forbids it: with a full stop in the id the signed text could be cut in two ways.
  if (id.includes(".")) return { ok: false, reason: `a full stop in ${present}-id` };
  if (!/^\d{1,12}$/.test(timestamp)) return { ok: false, reason: `no readable time in ${present}-timestamp` };
  return { ok: true, message: { id, timestamp, signature } };
}

function proves(key: ProofKey, { id, timestamp, signature }: Message, body: Buffer): boolean {
  const prefix = `${id}.${timestamp}.`;
  const given = signature
    .split(" ")
    .filter((item) => item.startsWith(`${key.scheme},`))
    .map((item) => item.slice(key.scheme.length + 1));
  if (key.scheme === "v1") {
    const expected = hmacSha256(key.key, prefix, body);
    return given.filter((text) => matches(expected, text, "base64")).length > 0;
  }
  const possible = given.filter((text) => ed25519Signature.test(text)).slice(0, ed25519SignaturesMax);
  if (possible.length === 0) return false;
  const signed = Buffer.concat([Buffer.from(prefix), body]);
  return possible.some((text) => verify(null, signed, key.publicKey, Buffer.from(text, "base64")));
}

function signatureBy(key: ProofKey, prefix: string, body: Buffer): string | undefined {
  if (key.scheme === "v1") return `v1,${hmacSha256(key.key, prefix, body).toString("base64")}`;
  if (key.privateKey === undefined) return undefined;
  const signed = Buffer.concat([Buffer.from(prefix), body]);
  return `v1a,${sign(null, signed, key.privateKey).toString("base64")}`;
}
