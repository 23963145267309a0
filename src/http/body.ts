import type { IncomingMessage } from "node:http";
import type { Context } from "hono";

/** The request's bytes, or undefined when there are more than `limitBytes`. Rejects when the sender hangs up. */
export async function readBody(context: Context, limitBytes: number): Promise<Buffer | undefined> {
  const incoming = incomingOf(context);
  const declared = incoming ? incoming.headers["content-length"] : context.req.header("content-length");
  if (Number(declared ?? 0) > limitBytes) return undefined;
  if (incoming) return await readIncoming(incoming, limitBytes);
  const body = Buffer.from(await context.req.arrayBuffer());
  return body.length > limitBytes ? undefined : body;
}

const compressions = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress"];
/** With these the bytes are what they are; a charset has no place in this header, but some senders put it there. */
const notEncoded = ["", "identity", "utf-8", "utf8"];

/** How the body is encoded, as far as it is known by name; undefined when its bytes are sent as they are. */
export function encodingOf(context: Context): string | undefined {
  const header = headerOf(context, "content-encoding");
  if (header === undefined) return undefined;
  const names = header.split(",").map((name) => name.trim().toLowerCase());
  const encoded = names.filter((name) => !notEncoded.includes(name));
  if (encoded.length === 0) return undefined;
  return encoded.map((name) => (compressions.includes(name) ? name : "unknown")).join(", ");
}

/** Nearly every body comes in one piece, which is not copied. */
async function readIncoming(incoming: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limitBytes) stop(() => resolve(undefined));
      else chunks.push(chunk);
    };
    const onEnd = () => {
      const [first] = chunks;
      stop(() => resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks, length)));
    };
    const onFailure = () => stop(() => reject(new Error("the sender hung up")));
    function stop(settle: () => void): void {
      incoming.off("data", onData).off("end", onEnd).off("error", onFailure).off("close", onFailure);
      settle();
    }
    if (incoming.destroyed) onFailure();
    else incoming.on("data", onData).on("end", onEnd).on("error", onFailure).on("close", onFailure);
  });
}

/** One header; its name in lower case. */
export function headerOf(context: Context, name: string): string | undefined {
  const incoming = incomingOf(context);
  if (!incoming) return context.req.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Node's own request below Hono's: present when served by @hono/node-server, absent in `app.request()`. */
export function incomingOf(context: Context): IncomingMessage | undefined {
  const env: unknown = context.env;
  if (typeof env !== "object" || env === null || !("incoming" in env)) return undefined;
  return env.incoming as IncomingMessage;
}

/** Names in lower case; what came more than once is joined by ", ". */
export function headersOf(context: Context): Readonly<Record<string, string>> {
  const incoming = incomingOf(context);
  if (!incoming) return context.req.header();
  const { rawHeaders } = incoming;
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    if (name === "__proto__") continue;
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
