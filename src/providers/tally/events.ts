import { attributesOf, at, readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** One event per request: its `eventId`, `eventType` and `createdAt` are all within what is signed. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Tally sends application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const id = textAt(read.value, "eventId");
  const type = textAt(read.value, "eventType");
  if (id === undefined || type === undefined) {
    return { kind: "malformed", message: "The body is not a Tally event: it has no eventId and eventType." };
  }
  return {
    kind: "events",
    events: [
      {
        id,
        type,
        occurredAt: createdMs(read.value),
        attributes: attributesOf({
          formId: at(read.value, "data.formId"),
          responseId: at(read.value, "data.responseId"),
        }),
        payload: read.text,
      },
    ],
  };
}

/**
 * The event's own time before the response's, which is cut to seconds and would be the same for two events about one
 * response.
 */
function createdMs(event: JsonObject): number | undefined {
  return timeOf(event["createdAt"]) ?? timeOf(at(event, "data.createdAt"));
}
