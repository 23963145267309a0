import { attributesOf, isObject, readJsonObject, saysJson, scalarText, textAt, unixTimeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed, ProviderEvent } from "../provider.ts";
import { contactOf, referencesOf } from "./contact.ts";

/** One event per request. It only says who is there, and no erasure would find it later: nothing of it is kept. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) {
    return { kind: "unsupported", message: "The workspace sends application/json." };
  }
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const type = typeOf(read.value);
  if (type === undefined) {
    return { kind: "malformed", message: "The body is not an event of the workspace: it has no event_type." };
  }
  if (type !== "contact.created" && type !== "contact.updated") {
    return { kind: "ignored", reason: "says-nothing-of-existence" };
  }
  const exist = referencesOf(read.value);
  if (exist.length === 0) return { kind: "ignored", reason: "no-identifier" };
  const event: ProviderEvent = {
    id: scalarText(read.value["event_id"]) || undefined,
    type,
    occurredAt: timeOfEvent(read.value, type),
    attributes: attributesOf({ contactId: contactOf(read.value)["id"] }),
    payload: read.text,
    exist,
  };
  return { kind: "events", events: [event] };
}

/** Published clients type it `event_type`, for sent messages `event`. */
function typeOf(body: JsonObject): string | undefined {
  return textAt(body, "event_type") ?? textAt(body, "event");
}

/** In seconds. A contact is created when it says that it was. */
function timeOfEvent(body: JsonObject, type: string): number | undefined {
  const contact = contactOf(body);
  const at = isObject(contact) && type === "contact.created" ? contact["created_at"] : undefined;
  return unixTimeOf(body["timestamp"]) ?? unixTimeOf(at);
}
