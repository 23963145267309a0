import { signMessage, verifyMessage } from "../standard-webhooks.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";
import { isPublicKey, readSecret } from "./secrets.ts";

export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  return verifyMessage(request, credentials.secrets.flatMap(readSecret), now);
}

/** Throws for a public key, which cannot sign; what is no secret at all leaves the request unsigned. */
export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  if (isPublicKey(secret)) {
    throw new Error("a public key (whpk_…) proves events and cannot sign them; the private key is whsk_…");
  }
  return signMessage(request, readSecret(secret)[0], now);
}
