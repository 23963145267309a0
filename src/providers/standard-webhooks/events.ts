import { readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import { messageId } from "../standard-webhooks.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** Where senders name the type: the specification's own place first. */
const typeNames = ["type", "event", "eventType", "scope"] as const;

/**
 * One JSON object per request. Its id is signed. The header's time is that of the attempt; the event's own is the
 * payload's `timestamp` where a sender follows the specification that far.
 */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Send application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const event = {
    id: messageId(request.headers),
    type: typeOf(read.value),
    occurredAt: timeOf(read.value["timestamp"]),
    attributes: {},
    payload: read.text,
  };
  return { kind: "events", events: [event] };
}

function typeOf(payload: JsonObject): string {
  return typeNames.map((name) => textAt(payload, name)).find((type) => type !== undefined) ?? "event";
}
