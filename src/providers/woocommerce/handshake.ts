import { mediaType } from "../body.ts";
import type { HandshakeAnswer, InboundRequest } from "../provider.ts";

const pingBytesMax = 40;

/**
 * The ping that WooCommerce sends when a webhook is saved: unsigned, and saving fails unless the answer is 200
 * (`deliver_ping` of `class-wc-webhook.php`). Only exactly its shape: every delivery has the headers, and a JSON body.
 */
export function handshake(request: InboundRequest): HandshakeAnswer | undefined {
  if (request.method !== "POST") return undefined;
  if (mediaType(request.headers) !== "application/x-www-form-urlencoded") return undefined;
  if (Object.keys(request.headers).some((name) => name.startsWith("x-wc-"))) return undefined;
  if (request.body.length > pingBytesMax) return undefined;
  if (!/^webhook_id=\d{1,20}$/.test(request.body.toString("latin1"))) return undefined;
  return {
    status: 200,
    headers: { "Content-Type": "application/json" },
    body: '{"status":"ignored","reason":"ping"}',
  };
}
