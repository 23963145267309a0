import { readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import type { Provider } from "../../providers/provider.ts";

/** One payload of the folder. */
export interface CorpusFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  /** The first folder of the path: it names the provider. */
  readonly folder: string;
  readonly bytes: Buffer;
}

/** A request as the file holds it, not yet proven. */
export interface CorpusRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const payloadExtensions: readonly string[] = [".json", ".multipart", ".urlencoded", ".http"];

/** Every payload below a folder, in the order of their paths. Rejects when the folder cannot be read. */
export async function readCorpus(folder: string): Promise<CorpusFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && payloadExtensions.includes(extname(entry.name)));
  const paths = files
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length))
    .sort((a, b) => a.localeCompare(b));
  return await Promise.all(
    paths.map(async (path) => {
      const parts = path.split(sep);
      const named = parts.length > 1 ? (parts[0] ?? "") : "";
      return { path: parts.join("/"), folder: named, bytes: await readFile(join(folder, path)) };
    }),
  );
}

/**
 * The requests that a file may stand for, the likeliest first: a payload does not say under which content type it was
 * sent, so every one that the provider's own samples use for such a payload is tried.
 */
export function requestsOf(file: CorpusFile, provider: Provider): CorpusRequest[] {
  const extension = extname(file.path);
  if (extension === ".http") return [httpRequest(file.bytes)];
  if (extension === ".multipart") {
    const boundary = /^--([^\r\n]*)/.exec(file.bytes.toString("latin1"))?.[1] ?? "";
    return [post({ "content-type": `multipart/form-data; boundary="${boundary}"` }, file.bytes)];
  }
  if (extension === ".urlencoded") {
    return [post({ "content-type": "application/x-www-form-urlencoded" }, file.bytes)];
  }
  const { body, headers, type } = unrecorded(file.bytes) ?? {
    body: file.bytes,
    headers: {},
    type: undefined,
  };
  const named = typeHeaders(provider, type ?? typeInName(file.path));
  const own = { ...named, ...headers };
  return jsonTypes(provider).map((contentType) => post({ "content-type": contentType, ...own }, body));
}

/** `2024-10__orders.create.json` says `orders.create`; a name that says no type says nothing. */
export function typeInName(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.json$/, "");
  const type = name.slice(name.lastIndexOf("__") + 1).replace(/^_/, "");
  return /^[a-z_]+(?:\.[a-z_]+)+$/.test(type) ? type : undefined;
}

/** File names cannot hold a slash: where the provider's types do, the last dot stands for it. */
function typeHeaders(provider: Provider, written: string | undefined): Readonly<Record<string, string>> {
  if (written === undefined || !provider.typeHeaders) return {};
  const slashed = provider.samples.some(({ type }) => type.includes("/"));
  return provider.typeHeaders(slashed ? written.replace(/\.(?=[^.]*$)/, "/") : written);
}

/** The JSON types that the provider's samples are sent under, plain JSON last. */
function jsonTypes(provider: Provider): string[] {
  const types = provider.samples.map(({ headers }) => headers["content-type"] ?? "");
  return [...new Set([...types.filter((type) => /[/+]json\b/.test(type)), "application/json"])];
}

function post(headers: Readonly<Record<string, string>>, body: Buffer): CorpusRequest {
  return { method: "POST", headers, body };
}

/** What proves a request or belongs to its connection is made anew. */
const remade =
  /^(?:host|connection|content-length|transfer-encoding|accept-encoding|authorization)$|signature|hmac/;

/** A recorded request: `{headers, body}`, or `{eventType, body}` of somebody's collection. */
function unrecorded(
  bytes: Buffer,
): { body: Buffer; headers: Record<string, string>; type: string | undefined } | undefined {
  const recording = objectIn(bytes);
  const body = recording?.["body"];
  const headers = recording?.["headers"];
  const type = recording?.["eventType"];
  if (body === undefined || (!isRecord(headers) && typeof type !== "string")) return undefined;
  const kept = Object.entries(isRecord(headers) ? headers : {}).flatMap(([name, value]) =>
    typeof value === "string" && !remade.test(name.toLowerCase()) ? [[name.toLowerCase(), value]] : [],
  );
  return {
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    headers: Object.fromEntries(kept),
    type: typeof type === "string" ? type : undefined,
  };
}

/** A request as it is written on the wire; what follows the headers is its body. */
function httpRequest(bytes: Buffer): CorpusRequest {
  const text = bytes.toString("latin1");
  const blank = /\r?\n\r?\n/.exec(text);
  const [line = "", ...lines] = text.slice(0, blank?.index ?? text.length).split(/\r?\n/);
  const headers = lines.flatMap((one) => {
    const [, name = "", value = ""] = /^([^:]+):(.*)$/.exec(one) ?? [];
    return name === "" || remade.test(name.toLowerCase()) ? [] : [[name.toLowerCase(), value.trim()]];
  });
  const start = blank ? blank.index + blank[0].length : text.length;
  return {
    method: /^[A-Z]+/.exec(line)?.[0] ?? "POST",
    headers: Object.fromEntries(headers),
    body: Buffer.from(text.slice(start), "latin1"),
  };
}

/**
 * Why a file is no request at all, in words for whoever collected it; undefined when nothing plain can be said.
 *
 * @param refused whether the provider could not read it; else it found nobody in it
 */
export function plainReason(file: CorpusFile, refused: boolean): string | undefined {
  if (extname(file.path) !== ".json" || unrecorded(file.bytes)) return undefined;
  const value = jsonIn(file.bytes);
  if (value === undefined) return "no JSON";
  if (Array.isArray(value)) return refused ? "a list, not the body of one request" : undefined;
  if (!isRecord(value)) return "a single value, not the body of a request";
  const [inner, ...others] = Object.values(value);
  if (others.length === 0 && Array.isArray(inner))
    return "a list below its only key, not the body of one request";
  if (others.length === 0 && isRecord(inner)) return "a resource below its only key, as an API answers it";
  return refused ? "a bare resource, not an event" : undefined;
}

function objectIn(bytes: Buffer): Record<string, unknown> | undefined {
  const value = jsonIn(bytes);
  return isRecord(value) ? value : undefined;
}

function jsonIn(bytes: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return value;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
