import type { BusMessage } from "../consumer.ts";
import { escaped } from "../escaped.ts";

/** An entry as Redis gives it: its id, and names and values in turn; null when it was trimmed away. */
export type Entry = readonly [id: Buffer, fields: readonly Buffer[] | null];

/**
 * Redis Streams have no protocol binding of CloudEvents. An entry is one of these: attributes in fields `ce-<name>` (or
 * `ce_<name>`) with a field `data`; a field `data` alone, or beside a `content-type`, with JSON; anything else is a flat
 * object of its fields.
 *
 * @param stream its name, so that the position tells one stream from another
 */
export function messageOf(stream: string, [id, fields]: Entry): BusMessage | undefined {
  if (fields === null) return undefined;
  const text = id.toString("latin1");
  const entry = new Map<string, Buffer>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [name, value] = [fields[index], fields[index + 1]];
    if (name && value) entry.set(name.toString("utf8"), value);
  }
  const at = Number(/^\d+/.exec(text)?.[0]);
  return {
    ...contentOf(entry),
    position: `${stream} ${text}`,
    at: Number.isSafeInteger(at) && at > 0 ? at : undefined,
  };
}

const contentType = "content-type";
/** Fields that speak of the message and are none of its content. */
const about = ["idempotency-key", "traceparent", "tracestate"] as const;

function contentOf(entry: ReadonlyMap<string, Buffer>): Pick<BusMessage, "headers" | "body"> {
  const headers: Record<string, string> = {};
  /** Some name it as an attribute, and its place is the content type. */
  let dataType: string | undefined;
  for (const [name, value] of entry) {
    const attribute = /^ce[-_](.+)$/i.exec(name)?.[1]?.toLowerCase();
    if (attribute === "datacontenttype") dataType = value.toString("utf8");
    else if (attribute !== undefined) headers[`ce-${attribute}`] = escaped(value.toString("utf8"));
  }
  const isBinary = Object.keys(headers).length > 0;
  const type = dataType ?? entry.get(contentType)?.toString("utf8");
  const data = entry.get("data");
  const known: readonly string[] = ["data", contentType, ...about];
  const others = [...entry.keys()].filter((name) => !known.includes(name));
  for (const name of about) {
    const value = entry.get(name)?.toString("utf8");
    if (value !== undefined) headers[name] = value;
  }
  if (isBinary) {
    if (type !== undefined) headers[contentType] = type;
    return { headers, body: data ?? Buffer.alloc(0) };
  }
  headers[contentType] = type ?? "application/json";
  if (data && others.length === 0) return { headers, body: data };
  const flat = Object.fromEntries([...entry].map(([name, value]) => [name, value.toString("utf8")]));
  return {
    headers: { ...headers, [contentType]: "application/json" },
    body: Buffer.from(JSON.stringify(flat)),
  };
}

/** The id of the entry that a message came from. */
export function entryIdOf({ position }: BusMessage): string {
  return position.slice(position.lastIndexOf(" ") + 1);
}
