import { readJsonObject, saysJson, textAt, timeOf, unixTimeOf } from "../body.ts";
import { messageId } from "../standard-webhooks.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** Where senders name the type: the specification's own place first. */
const typeNames = ["type", "event", "eventType", "scope"] as const;

/** Where senders put the event's time, the specification's own place first: the header's is that of the attempt. */
const timeNames = ["timestamp", "created_at", "createdAt"] as const;

/** One JSON object per request. Its id is signed. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Send application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const event = {
    id: messageId(request.headers),
    type: typeOf(read.value),
    occurredAt: timeOfEvent(read.value),
    attributes: {},
    payload: read.text,
  };
  return { kind: "events", events: [event] };
}

function typeOf(payload: JsonObject): string {
  return typeNames.map((name) => textAt(payload, name)).find((type) => type !== undefined) ?? "event";
}

/** The specification asks for ISO 8601; Clerk sends unix milliseconds, BigCommerce seconds. */
function timeOfEvent(payload: JsonObject): number | undefined {
  return timeNames
    .map((name) => timeOf(payload[name]) ?? unixTimeOf(payload[name]))
    .find((time) => time !== undefined);
}
