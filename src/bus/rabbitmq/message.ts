import { createHash } from "node:crypto";
import type { BusMessage } from "../consumer.ts";
import { escaped } from "../escaped.ts";

/** A message as the client gives it. */
export interface Delivery {
  readonly content: Buffer;
  readonly fields: { readonly exchange: string; readonly routingKey: string };
  /** Those of AMQP 0-9-1; what the publisher did not set is undefined. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const contentType = "content-type";

/**
 * CloudEvents of AMQP: attributes in headers `cloudEvents:<name>` or `cloudEvents_<name>`, or `ce-<name>` as elsewhere; in
 * structured mode the content type says so. A message that does not say what it is, is taken for JSON.
 */
export function messageOf(queue: string, { content, fields, properties }: Delivery): BusMessage {
  const sent = headersOf(properties);
  const name = textOf(properties["messageId"]);
  const isNamed = name !== undefined && name !== "";
  return {
    headers: readHeaders(sent, textOf(properties["contentType"])),
    body: content,
    position: isNamed
      ? `${queue} id ${name}`
      : `${queue} sha256 ${fingerprint(content, fields, properties, sent)}`,
    at: timeOf(sent["timestamp_in_ms"], properties["timestamp"]),
  };
}

function headersOf({ headers }: Delivery["properties"]): Readonly<Record<string, unknown>> {
  return typeof headers === "object" && headers !== null ? { ...headers } : {};
}

function readHeaders(
  sent: Readonly<Record<string, unknown>>,
  type: string | undefined,
): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  let dataType: string | undefined;
  let isEvent = false;
  for (const [name, value] of Object.entries(sent)) {
    const text = textOf(value);
    if (text === undefined) continue;
    const attribute = /^(?:cloudEvents[:_]|ce[-_])(.+)$/i.exec(name)?.[1]?.toLowerCase();
    if (attribute === undefined) {
      headers.set(name.toLowerCase(), text);
      continue;
    }
    isEvent = true;
    // It is told twice by some, and its place is the content type.
    if (attribute === "datacontenttype") dataType = text;
    else headers.set(`ce-${attribute}`, escaped(text));
  }
  const known = dataType ?? type ?? (isEvent ? undefined : "application/json");
  if (known === undefined) headers.delete(contentType);
  else headers.set(contentType, known);
  return Object.fromEntries(headers);
}

/** Undefined for what is no single value. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  const seconds = timestampOf(value);
  const time = seconds === undefined ? undefined : new Date(seconds * 1_000);
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : undefined;
}

/** The seconds of a timestamp in a table of headers. */
function timestampOf(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || !("!" in value) || !("value" in value)) return undefined;
  return value["!"] === "timestamp" && typeof value.value === "number" ? value.value : undefined;
}

/** More seconds than that are milliseconds, which some publishers put there. */
const secondsMax = 100_000_000_000;

/** RabbitMQ itself can be set to write both: the second is the same in whole seconds. */
function timeOf(inMs: unknown, timestamp: unknown): number | undefined {
  const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
  if (isTime(inMs)) return inMs;
  if (!isTime(timestamp)) return undefined;
  return timestamp > secondsMax ? timestamp : timestamp * 1_000;
}

/** What RabbitMQ itself writes into a message on its way, so that it differs from one delivery to the next. */
const changing = /^x-(?:delivery-count|acquired-count|death|(?:first|last)-death-.*)$/;

/** Of everything that the publisher has written: AMQP gives a message no place of its own. */
function fingerprint(
  content: Buffer,
  { exchange, routingKey }: Delivery["fields"],
  properties: Delivery["properties"],
  sent: Readonly<Record<string, unknown>>,
): string {
  const sorted = (fields: Readonly<Record<string, unknown>>) =>
    Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
  const own = sorted(properties).filter(([name, value]) => name !== "headers" && value !== undefined);
  const headers = sorted(sent).filter(([name]) => !changing.test(name));
  return createHash("sha256")
    .update(JSON.stringify([exchange, routingKey, own, headers]))
    .update("\n")
    .update(content)
    .digest("base64url");
}
