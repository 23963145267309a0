import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { decodeBase64, type ProofKey } from "../standard-webhooks.ts";

/** What stands before the 32 bytes of an ed25519 private key in PKCS #8 (RFC 8410). */
const privateKeyPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * What one configured secret proves with; nothing where it is unusable. A public key never counts as the secret of an
 * HMAC: everybody knows it.
 *
 * Any length is taken, as the libraries do, although the specification asks for 24 to 64 bytes. A secret without prefix
 * is base64 as for them, or else the text itself: their `format: "raw"`, for senders such as BigCommerce.
 */
export function readSecret(secret: string): readonly ProofKey[] {
  if (secret.trim() === "") return [];
  if (isPublicKey(secret)) return verifying(decodeBase64(secret.slice("whpk_".length)));
  if (secret.startsWith("whsk_")) return signing(decodeBase64(secret.slice("whsk_".length)));
  if (secret.startsWith("whsec_")) return symmetric(decodeBase64(secret.slice("whsec_".length)));
  return [...symmetric(decodeBase64(secret)), ...symmetric(Buffer.from(secret))];
}

/** A text that can prove events and never sign one. */
export function isPublicKey(secret: string): boolean {
  return secret.startsWith("whpk_");
}

function symmetric(key: Buffer | undefined): readonly ProofKey[] {
  return key === undefined ? [] : [{ scheme: "v1", key }];
}

function verifying(raw: Buffer | undefined): readonly ProofKey[] {
  if (raw?.length !== 32) return [];
  return asymmetric(() => ({
    publicKey: createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") },
      format: "jwk",
    }),
  }));
}

/** The private key alone, or with its public key behind it, as Svix writes it. */
function signing(raw: Buffer | undefined): readonly ProofKey[] {
  if (raw?.length !== 32 && raw?.length !== 64) return [];
  return asymmetric(() => {
    const der = Buffer.concat([privateKeyPrefix, raw.subarray(0, 32)]);
    const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const publicKey = createPublicKey(privateKey);
    const told = raw.subarray(32).toString("base64url");
    if (told !== "" && told !== publicKey.export({ format: "jwk" }).x) return undefined;
    return { privateKey, publicKey };
  });
}

function asymmetric(
  make: () => { publicKey: KeyObject; privateKey?: KeyObject } | undefined,
): readonly ProofKey[] {
  try {
    const keys = make();
    return keys === undefined ? [] : [{ scheme: "v1a", ...keys }];
  } catch {
    // Not a key, whatever its length: it proves nothing.
    return [];
  }
}
