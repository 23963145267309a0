import type { IncomingMessage } from "node:http";

const bodyBytesMax = 1_048_576;

/** The body as JSON; undefined for anything else, which no validation lets through. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyBytesMax) chunks.push(chunk);
  }
  if (length > bodyBytesMax) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Whether a request says that its body is JSON. */
export function saysJson(request: IncomingMessage): boolean {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0] ?? "";
  return /^application\/(?:[\w.-]+\+)?json$/i.test(type.trim());
}
