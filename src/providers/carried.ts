import { decodeUtf8, isObject, parseJson, textAt, timeOf } from "./body.ts";
import { checkEvent, dataOf, own, sameNamed } from "./cloud-event.ts";
import type { JsonObject, JsonValue, MappableEvent, ProviderEvent, ProviderMapping } from "./provider.ts";

/** What the bus itself knows of a message that it carries. */
export type KnownOfMessage = Pick<ProviderEvent, "id" | "type" | "occurredAt" | "attributes">;

/**
 * The event of a message whose bytes may be anything. A CloudEvent, or an event of EventBridge, is known by its own id, type
 * and time; anything else by what the bus says of it. A text that is not JSON is kept as a text, bytes in base64.
 */
export function carriedEvent(bytes: Buffer, known: KnownOfMessage): ProviderEvent {
  const text = decodeUtf8(bytes);
  if (text === undefined) return { ...known, payload: JSON.stringify(bytes.toString("base64")) };
  const json = parseJson(text);
  if (!json.ok) return { ...known, payload: JSON.stringify(text) };
  const own = isObject(json.value) ? eventItself(json.value, text) : undefined;
  if (!own) return { ...known, payload: text };
  return {
    ...own,
    occurredAt: own.occurredAt ?? known.occurredAt,
    attributes: { ...known.attributes, ...own.attributes },
  };
}

/** Undefined where it is no event by itself. */
function eventItself(value: JsonObject, text: string): ProviderEvent | undefined {
  if (own(value, "specversion") !== undefined) {
    const checked = checkEvent(value, text);
    return checked.ok ? checked.event : undefined;
  }
  const checked = checkEventBridge(value, text);
  return checked.ok ? checked.event : undefined;
}

/** An event of Amazon EventBridge: an envelope around `detail`. */
export function checkEventBridge(
  value: JsonObject,
  payload: string,
): { ok: true; event: ProviderEvent } | { ok: false; message: string } {
  const [id, type, source] = ["id", "detail-type", "source"].map((name) => textAt(value, name));
  if (id === undefined || type === undefined || source === undefined || !isObject(own(value, "detail"))) {
    return {
      ok: false,
      message: "This is no event of EventBridge: id, detail-type, source or detail is missing.",
    };
  }
  const [account, region] = ["account", "region"].map((name) => textAt(value, name));
  const attributes = { id, source, "detail-type": type, account, region };
  return {
    ok: true,
    event: {
      id,
      type,
      occurredAt: timeOf(own(value, "time")),
      attributes: Object.fromEntries(
        Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
      payload,
    },
  };
}

/** Takes what is named exactly like our fields. The root is a CloudEvent's `data`, an EventBridge event's `detail`, else all. */
export function mapCarried(event: MappableEvent): ProviderMapping {
  const payload = parseJson(event.payload);
  if (!payload.ok) return { kind: "nothing", reason: "unreadable-payload", root: null };
  const root = isObject(payload.value) ? rootOf(payload.value, event.payload) : payload.value;
  return { kind: "contact", root, candidates: sameNamed(root) };
}

function rootOf(value: JsonObject, text: string): JsonValue {
  if (own(value, "specversion") !== undefined && checkEvent(value, text).ok) return dataOf(value);
  return checkEventBridge(value, text).ok ? (own(value, "detail") ?? null) : value;
}
