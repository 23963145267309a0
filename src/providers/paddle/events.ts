import { attributesOf, readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

/**
 * One event per request; its id, type and time are all within what is signed. `notification_id` names the delivery to
 * one destination: another destination, or a notification that is replayed, brings the same event under another one.
 */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Paddle sends application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const event = read.value;
  const id = textAt(event, "event_id");
  const type = textAt(event, "event_type");
  if (id === undefined || type === undefined) {
    return {
      kind: "malformed",
      message: "The body is not a Paddle event: it has no event_id and event_type.",
    };
  }
  const attributes = attributesOf({ notificationId: event["notification_id"] });
  return {
    kind: "events",
    events: [{ id, type, occurredAt: timeOf(event["occurred_at"]), attributes, payload: read.text }],
  };
}
