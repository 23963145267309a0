import { at, isObject, readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** The place of each event's own time. That of a changed order is not documented. */
const timePaths: ReadonlyMap<string, string> = new Map([
  ["form_submission", "payload.submittedAt"],
  ["ecomm_new_order", "payload.acceptedOn"],
  ["user_account_added", "payload.createdOn"],
  ["user_account_updated", "payload.lastUpdated"],
]);

/**
 * `{triggerType, payload}`; of API version 1 a form submission alone is known by its shape, `{name, site, data, d, _id}`.
 * Only a submission has an id that is the event's: an order or an account keeps its id through all its events.
 */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Webflow sends application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const { value: event, text: payload } = read;
  const type = textAt(event, "triggerType");
  if (type === undefined && !isVersion1Submission(event)) {
    return { kind: "malformed", message: "The body is not a Webflow event: it has no triggerType." };
  }
  if (type === undefined) {
    const occurredAt = timeOf(event["d"]);
    const id = textAt(event, "_id");
    return {
      kind: "events",
      events: [{ id, type: "form_submission", occurredAt, attributes: {}, payload }],
    };
  }
  const id = type === "form_submission" ? textAt(event["payload"], "id") : undefined;
  const timePath = timePaths.get(type);
  const occurredAt = timePath === undefined ? undefined : timeOf(at(event, timePath));
  return { kind: "events", events: [{ id, type, occurredAt, attributes: {}, payload }] };
}

function isVersion1Submission(event: JsonObject): boolean {
  return textAt(event, "_id") !== undefined && textAt(event, "site") !== undefined && isObject(event["data"]);
}
