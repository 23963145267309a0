import { attributesOf, readJsonObject, saysJson, textAt, timeOf, unixTimeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** One event object per request: its `id`, `type` and `created` (unix seconds) are all within what is signed. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Stripe sends application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const event = read.value;
  const id = textAt(event, "id");
  const type = textAt(event, "type");
  if (id === undefined || type === undefined) {
    return { kind: "malformed", message: "The body is not a Stripe event: it has no id and type." };
  }
  const { account, livemode, api_version: apiVersion } = event;
  const attributes = attributesOf({ account, livemode, apiVersion });
  return {
    kind: "events",
    events: [{ id, type, occurredAt: timeOfEvent(event), attributes, payload: read.text }],
  };
}

/** Unix seconds; of the newer thin events an RFC 3339 time. */
function timeOfEvent({ created }: JsonObject): number | undefined {
  return unixTimeOf(created) ?? timeOf(created);
}
