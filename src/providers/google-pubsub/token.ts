import { createPublicKey, verify as verifySignature, type KeyObject } from "node:crypto";
import { decodeUtf8, isList, isObject, parseJson, textAt } from "../body.ts";
import { own } from "../cloud-event.ts";
import type { Attested, Credentials, InboundRequest, JsonObject, Published } from "../provider.ts";
import { toleranceMs } from "../signature.ts";

/** Where Google publishes the keys of its tokens. */
const googleKeys = "https://www.googleapis.com/oauth2/v3/certs";
const issuers = ["https://accounts.google.com", "accounts.google.com"];
/** Google changes its keys every few days, and tells of one before it signs with it. */
const keysMaxAgeMs = 3_600_000;
/** For a key that nobody knows yet: whoever makes keys up makes nobody ask more often. */
const keysMinAgeMs = 60_000;
const tokenLengthMax = 8_192;

interface Token {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

type Found = { kind: "key"; key: KeyObject } | Exclude<Attested, { kind: "proven" }>;

/**
 * Whether the request shows a token of Google's for one of these audiences and accounts (OpenID Connect, RS256). The algorithm
 * is ours and not the token's: `none` and a signature with the public key as a secret are none.
 */
export async function prove(
  request: InboundRequest,
  { audiences = [], serviceAccounts = [], jwksUrl = googleKeys }: Credentials,
  now: number,
  published: Published,
): Promise<Attested> {
  const token = readToken(request.headers["authorization"] ?? "");
  if (!token) return refused("no token in Authorization");
  if (own(token.header, "alg") !== "RS256") return refused("a token that is not signed by RS256");
  if (own(token.header, "crit") !== undefined) return refused("a token that asks for extensions");
  // What is wrong without looking at keys makes nobody ask for any.
  const wrong = wrongClaim(token.claims, audiences, serviceAccounts, now);
  if (wrong !== undefined) return refused(wrong);
  const keyId = textAt(token.header, "kid");
  if (keyId === undefined) return refused("a token that names no key");
  const found = await findKey(new URL(jwksUrl), keyId, published);
  if (found.kind !== "key") return found;
  return verifySignature("RSA-SHA256", token.signed, found.key, token.signature)
    ? { kind: "proven" }
    : refused("the token's signature is wrong");
}

function readToken(authorization: string): Token | undefined {
  if (authorization.length > tokenLengthMax) return undefined;
  const [, header = "", claims = "", signature = ""] =
    /^bearer +([\w-]+)\.([\w-]+)\.([\w-]+) *$/i.exec(authorization) ?? [];
  const [headerJson, claimsJson] = [header, claims].map((part) =>
    parseJson(decodeUtf8(Buffer.from(part, "base64url")) ?? ""),
  );
  if (!headerJson?.ok || !claimsJson?.ok || !isObject(headerJson.value) || !isObject(claimsJson.value)) {
    return undefined;
  }
  return {
    header: headerJson.value,
    claims: claimsJson.value,
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, "base64url"),
  };
}

function wrongClaim(
  claims: JsonObject,
  audiences: readonly string[],
  serviceAccounts: readonly string[],
  now: number,
): string | undefined {
  const [issuer, audience, email] = ["iss", "aud", "email"].map((name) => textAt(claims, name) ?? "");
  const [expires, issued] = ["exp", "iat"].map((name) => own(claims, name));
  if (!issuers.includes(issuer ?? "")) return "a token that Google did not issue";
  if (!audiences.includes(audience ?? "")) return "a token for another audience";
  if (!serviceAccounts.includes(email ?? "")) return "a token of another service account";
  if (own(claims, "email_verified") !== true) return "a token whose e-mail is not verified";
  if (typeof expires !== "number" || now > expires * 1_000 + toleranceMs) return "a token that has expired";
  if (typeof issued !== "number" || now < issued * 1_000 - toleranceMs) {
    return "a token that is not valid yet";
  }
  return undefined;
}

async function findKey(address: URL, keyId: string, published: Published): Promise<Found> {
  for (const maxAgeMs of [keysMaxAgeMs, keysMinAgeMs]) {
    const answer = await published.read(address, maxAgeMs);
    if (!answer.ok) return { kind: "undecided", reason: `the keys of its token: ${answer.message}` };
    const json = parseJson(answer.text);
    const keys = json.ok && isObject(json.value) ? own(json.value, "keys") : undefined;
    if (!isList(keys)) return { kind: "undecided", reason: `${address.host} answered no list of keys` };
    const jwk = keys.find((one) => isObject(one) && own(one, "kid") === keyId);
    const key = isObject(jwk) ? publicKeyOf(jwk) : undefined;
    if (key) return { kind: "key", key };
    if (answer.isStale) {
      return {
        kind: "undecided",
        reason: "its token's key is new, and the keys cannot be had anew just now",
      };
    }
  }
  return refused("a token whose key is none of Google's");
}

function publicKeyOf(jwk: JsonObject): KeyObject | undefined {
  const [kty, n, e] = ["kty", "n", "e"].map((name) => textAt(jwk, name));
  if (kty !== "RSA" || n === undefined || e === undefined || own(jwk, "use") === "enc") return undefined;
  try {
    return createPublicKey({ key: { kty, n, e }, format: "jwk" });
  } catch {
    return undefined;
  }
}

function refused(reason: string): Extract<Attested, { kind: "refused" }> {
  return { kind: "refused", reason };
}
