import { signTimed, verifyTimed, type TimedScheme } from "../timed-signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/** The subscription's signing key is the key. */
const scheme: TimedScheme = {
  header: "Calendly-Webhook-Signature",
  separator: ",",
  time: "t",
  signature: "v1",
  joiner: ".",
};

export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  return verifyTimed(scheme, request, credentials, now);
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  return signTimed(scheme, request, secret, now);
}
