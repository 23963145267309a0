import type { IncomingMessage } from "node:http";
import type { Context } from "hono";

/** The request's bytes, or undefined when there are more than `limitBytes`. Rejects when the sender hangs up. */
export async function readBody(context: Context, limitBytes: number): Promise<Buffer | undefined> {
  const declared = Number(context.req.header("content-length") ?? 0);
  if (declared > limitBytes) return undefined;
  const stream = incomingOf(context) ?? context.req.raw.body;
  if (!stream) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > limitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Node's own request below Hono's: present when served by @hono/node-server, absent in `app.request()`. */
export function incomingOf(context: Context): IncomingMessage | undefined {
  const env: unknown = context.env;
  if (typeof env !== "object" || env === null || !("incoming" in env)) return undefined;
  return env.incoming as IncomingMessage;
}
