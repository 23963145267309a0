import type { HandshakeAnswer, InboundRequest } from "../provider.ts";

/**
 * Consents to deliveries, as the HTTP webhook specification for CloudEvents asks before the first one. The consent
 * is in the headers; deliveries still need the key. Undefined for any other `OPTIONS`, such as a CORS preflight.
 */
export function handshake(request: InboundRequest): HandshakeAnswer | undefined {
  const origin = request.headers["webhook-request-origin"]?.trim() ?? "";
  if (request.method !== "OPTIONS" || !/^[\x21-\x7e]+$/.test(origin)) return undefined;
  return {
    status: 200,
    headers: { Allow: "POST, OPTIONS", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*" },
    body: "",
  };
}
