import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/** A key as Google has them: the private half signs tokens, the public half is in the list of keys. */
export interface TokenKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function makeTokenKey(id: string): TokenKey {
  return { id, ...generateKeyPairSync("rsa", { modulusLength: 2_048 }) };
}

/** What `https://www.googleapis.com/oauth2/v3/certs` answers. */
export function keyList(keys: readonly TokenKey[]): string {
  const jwks = keys.map(({ id, publicKey }) => ({
    ...publicKey.export({ format: "jwk" }),
    kid: id,
    alg: "RS256",
    use: "sig",
  }));
  return JSON.stringify({ keys: jwks }, null, 2);
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token with the claims that Pub/Sub puts into it, and others in place of them. */
export function makeToken(
  key: TokenKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const head = { alg: "RS256", kid: key.id, typ: "JWT", ...header };
  const signed = `${part(head)}.${part(claims)}`;
  const signature =
    head.alg === "HS256"
      ? createHmac("sha256", key.publicKey.export({ format: "pem", type: "spki" }))
          .update(signed)
          .digest()
      : head.alg === "none"
        ? Buffer.alloc(0)
        : sign("RSA-SHA256", Buffer.from(signed), key.privateKey);
  return `${signed}.${signature.toString("base64url")}`;
}

/** As documented by Google, for a token that was issued at this time. */
export function pushClaims(audience: string, email: string, issuedAt: number) {
  const issued = Math.floor(issuedAt / 1_000);
  return {
    aud: audience,
    azp: "113774264463038321964",
    email,
    email_verified: true,
    exp: issued + 3_600,
    iat: issued,
    iss: "https://accounts.google.com",
    sub: "113774264463038321964",
  };
}
