import { verifyKey } from "../signature.ts";
import {
  carriesSignature,
  decodeBase64,
  signMessage,
  verifyMessage,
  type ProofKey,
} from "../standard-webhooks.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/** With a signature it has to be right; without one the key itself counts, as scripts of one's own may send it. */
export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  if (!carriesSignature(request.headers)) return verifyKey(request, credentials);
  return verifyMessage(request, credentials.keys.flatMap(readKey), now);
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  key: string,
  now: number,
): OutboundRequest {
  return signMessage(request, readKey(key)[0], now);
}

/** `whsec_` with padded base64 is its bytes, any other text its UTF-8: the script of the page decides alike. */
function readKey(text: string): readonly ProofKey[] {
  if (text.trim() === "") return [];
  const base64 = text.startsWith("whsec_") && text.length % 4 === 2 ? text.slice("whsec_".length) : "";
  return [{ scheme: "v1", key: decodeBase64(base64) ?? Buffer.from(text) }];
}
