import { signTimed, verifyTimed, type TimedScheme } from "../timed-signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/**
 * The whole `pdl_ntfset_…` text is the key. One `h1` per secret while secrets rotate: any may match, where Paddle's own
 * library looks at the last alone. That allows 5 s of age and any time ahead; here it is 300 s either way.
 */
const scheme: TimedScheme = {
  header: "Paddle-Signature",
  separator: ";",
  time: "ts",
  signature: "h1",
  joiner: ":",
};

export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  return verifyTimed(scheme, request, credentials, now);
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
): OutboundRequest {
  return signTimed(
    scheme,
    { ...request, headers: { "paddle-version": "1", ...request.headers } },
    secret,
    now,
  );
}
