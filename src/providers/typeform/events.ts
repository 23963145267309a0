import { attributesOf, isObject, readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** One response per request; all of it is signed. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) {
    return { kind: "unsupported", message: "Typeform sends application/json." };
  }
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const type = textAt(read.value, "event_type");
  const response = read.value["form_response"];
  if (type === undefined || !isObject(response)) {
    const message = "The body is not a Typeform webhook: it has no event_type and form_response.";
    return { kind: "malformed", message };
  }
  return {
    kind: "events",
    events: [
      {
        id: identityOf(read.value, response, type),
        type,
        occurredAt: timeOfResponse(response),
        attributes: attributesOf({ formId: response["form_id"] }),
        payload: read.text,
      },
    ],
  };
}

/**
 * A response has one token however often it is sent, each time under another `event_id`. A partial response may have
 * the token of the whole one that follows, and of others before it: it goes by its `event_id`.
 */
function identityOf(body: JsonObject, response: JsonObject, type: string): string | undefined {
  const eventId = textAt(body, "event_id");
  return type === "form_response" ? (textAt(response, "token") ?? eventId) : eventId;
}

/**
 * What was never submitted has the year 1 for its `submitted_at`, or none. When it was opened is then the time: before
 * the whole response, so that a late partial one changes nothing of it.
 */
function timeOfResponse(response: JsonObject): number | undefined {
  const times = [timeOf(response["submitted_at"]), timeOf(response["landed_at"])];
  return times.find((time) => time !== undefined && time > 0);
}
