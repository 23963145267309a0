import { pipeline, type Readable } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Dispatcher } from "undici";

export interface Request {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; of a header that came more than once all values, with commas between. */
  readonly headers: Readonly<Record<string, string>>;
  /** Unpacked. To be read: its end gives the connection back, leaving before ends the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** One request, one answer; a redirect is an answer like any other. Rejects when there is none, or the signal says so. */
export async function exchange(
  connections: Dispatcher,
  { method, url, headers, body }: Request,
  signal: AbortSignal,
): Promise<Answer> {
  if (signal.aborted) throw new Error("aborted");
  const { promise: aborted, reject: giveUp } = withReject();
  const onAbort = () => giveUp(new Error("aborted"));
  signal.addEventListener("abort", onAbort);
  try {
    const asked = connections.request({
      method,
      origin: url.origin,
      path: url.pathname + url.search,
      headers: { ...headers },
      body: body ?? null,
      signal,
    });
    // undici looks at the signal only once it has a connection.
    const response = await Promise.race([asked, aborted]);
    const got = joined(response.headers);
    return {
      status: response.statusCode,
      statusText: response.statusText,
      headers: got,
      body: unpacked(response.body, got["content-encoding"]),
    };
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** All of a body as UTF-8; undefined where there is more of it than that. */
export async function boundedText(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop ends the connection.
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function withReject() {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<never>((_resolve, rejectIt) => {
    reject = rejectIt;
  });
  return { promise, reject };
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}

/** Nothing packed is asked for, but there are servers that pack all the same. */
function unpacked(body: Readable, encoding: string | undefined): Readable {
  const unpack = unpackerOf(encoding);
  // What goes wrong reaches whoever reads.
  return unpack ? pipeline(body, unpack, () => undefined) : body;
}

function unpackerOf(encoding: string | undefined) {
  // A body without its last bytes is still a body: its length says whether it came whole.
  const lenient = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
  switch (encoding?.trim().toLowerCase() ?? "") {
    case "gzip":
    case "x-gzip":
      return createGunzip(lenient);
    case "deflate":
      return createInflate(lenient);
    case "br":
      return createBrotliDecompress();
    default:
      return undefined;
  }
}
