import { sameText } from "../signature.ts";
import type { Credentials, HandshakeAnswer, InboundRequest } from "../provider.ts";

/**
 * Meta confirms an endpoint by `GET ?hub.mode=subscribe&hub.challenge=…&hub.verify_token=…` and expects the bare
 * challenge, for the token that was entered beside the address. Undefined for any other request.
 */
export function handshake(request: InboundRequest, credentials: Credentials): HandshakeAnswer | undefined {
  const parameter = (name: string) =>
    Object.hasOwn(request.query, name) ? (request.query[name] ?? "") : undefined;
  const mode = parameter("hub.mode");
  if (request.method !== "GET" || mode === undefined) return undefined;
  const expected = credentials.verifyToken ?? "";
  const known = expected !== "" && sameText(parameter("hub.verify_token") ?? "", expected);
  const challenge = parameter("hub.challenge") ?? "";
  return known && mode === "subscribe" && isHarmless(challenge)
    ? { status: 200, headers: plainText, body: challenge }
    : { status: 403, headers: plainText, body: "" };
}

const plainText = { "Content-Type": "text/plain", "X-Content-Type-Options": "nosniff" };

/** Meta sends digits; what is echoed must never be able to become markup. */
function isHarmless(challenge: string): boolean {
  return /^[\w-]{1,128}$/.test(challenge);
}
