import { createHash } from "node:crypto";
import { elementTexts, isObject, memberText, readJsonObject, textAt } from "../body.ts";
import { carriedEvent } from "../carried.ts";
import { checkEvent, isBase64, own } from "../cloud-event.ts";
import type { InboundRequest, JsonObject, Parsed, ProviderEvent } from "../provider.ts";
import { unreadableEvent } from "../unreadable.ts";
import { bulkEntries, type BulkEntry } from "./bulk.ts";

/**
 * Reads one CloudEvent, or the entries of a bulk delivery. What cannot be read is an event too, which is kept for a person:
 * a sidecar sends again for ever what is refused, and what is dropped is lost where no dead letter topic is set.
 */
export function parse({ body }: InboundRequest): Parsed {
  const json = readJsonObject(body);
  if (!json.ok) return { kind: "events", events: [unreadableEvent(json.message, body)] };
  const entries = bulkEntries(json.value);
  if (!entries) return { kind: "events", events: [single(json.value, json.text, body)] };
  if (entries.length === 0) return { kind: "ignored", reason: "empty-batch" };
  const about = { topic: textAt(json.value, "topic"), pubsubname: textAt(json.value, "pubsubname") };
  const texts = elementTexts(memberText(json.text, "entries") ?? "[]");
  return { kind: "events", events: entries.map((entry, index) => ofEntry(entry, texts[index] ?? "", about)) };
}

function single(value: JsonObject, text: string, body: Buffer): ProviderEvent {
  const read = ofCloudEvent(value, text);
  return typeof read === "string" ? unreadableEvent(read, body) : read;
}

/** A message why not, where it is none. */
function ofCloudEvent(value: JsonObject, text: string): ProviderEvent | string {
  const checked = checkEvent(value, text);
  if (!checked.ok) return checked.message;
  const { event } = checked;
  const raw = own(value, "data_base64");
  if (typeof raw !== "string" || own(value, "datacontenttype") !== "application/octet-stream") return event;
  // The sidecar wraps a raw message and gives it an id that is another one each time.
  return carriedEvent(Buffer.from(raw, "base64"), event);
}

/** A redelivered message has another one: what it holds of its own is better. */
function idOf({ topic, pubsubname }: About, entryId: string): string {
  return JSON.stringify([pubsubname ?? "", topic ?? "", entryId]);
}

type About = Readonly<Record<"topic" | "pubsubname", string | undefined>>;

/** @param text of the whole entry */
function ofEntry({ entryId, event, contentType }: BulkEntry, text: string, about: About): ProviderEvent {
  const isRaw = typeof event === "string";
  if (isRaw && contentType === "application/octet-stream" && isBase64(event)) {
    const attributes = Object.entries({ entryId, ...about }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    );
    const known = { id: idOf(about, entryId), type: "com.dapr.event.sent", occurredAt: undefined };
    return carriedEvent(Buffer.from(event, "base64"), {
      ...known,
      attributes: Object.fromEntries(attributes),
    });
  }
  const read = isObject(event)
    ? ofCloudEvent(event, memberText(text, "event") ?? "")
    : "The entry holds no CloudEvent.";
  if (typeof read !== "string") return read;
  const digest = createHash("sha256").update(text).digest("base64url");
  return unreadableEvent(read, Buffer.from(text), `unreadable ${digest}`);
}
