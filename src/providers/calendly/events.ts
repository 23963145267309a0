import { readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** One event per request, `{event, created_at, created_by, payload}`; API version 1 called the time `time`. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Calendly sends application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const type = textAt(read.value, "event");
  if (type === undefined) {
    return { kind: "malformed", message: "The body is not a Calendly event: it has no event." };
  }
  const occurredAt = timeOf(read.value["created_at"] ?? read.value["time"]);
  const id = identityOf(type, read.value);
  return { kind: "events", events: [{ id, type, occurredAt, attributes: {}, payload: read.text }] };
}

/**
 * Calendly sends no id of a delivery. What happened to whom, and that one's last change, tell events apart, except
 * that marking a no-show changes no `updated_at`: there the event's own time has to.
 */
function identityOf(type: string, event: JsonObject): string | undefined {
  const uri = textAt(event["payload"], "uri");
  const updatedAt = textAt(event["payload"], "updated_at");
  if (uri === undefined || updatedAt === undefined) return undefined;
  if (!type.startsWith("invitee_no_show.")) return `${type} ${uri} ${updatedAt}`;
  const createdAt = textAt(event, "created_at");
  return createdAt === undefined ? undefined : `${type} ${uri} ${updatedAt} ${createdAt}`;
}
