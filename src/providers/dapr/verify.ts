import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";
import { verifyKey } from "../signature.ts";

/** Where a sidecar puts the `APP_API_TOKEN` in each request to its app. */
const header = "dapr-api-token";

export function verify(request: InboundRequest, credentials: Credentials): Verification {
  return verifyKey(request, credentials, ["key"], header);
}

export function sign(
  { headers, body }: Pick<OutboundRequest, "headers" | "body">,
  key: string,
): OutboundRequest {
  return { headers: { ...headers, [header]: key }, query: {}, body };
}
