import {
  attributesOf,
  decodeUtf8,
  elementTexts,
  isList,
  isObject,
  parseJson,
  saysJson,
  textAt,
  timeOf,
} from "../body.ts";
import { own } from "../cloud-event.ts";
import type { InboundRequest, JsonValue, Parsed, ProviderEvent } from "../provider.ts";

export const validationType = "Microsoft.EventGrid.SubscriptionValidationEvent";

/** Event Grid sends a list, of one event unless batches are asked for. */
export function parse({ headers, body }: InboundRequest): Parsed {
  if (!saysJson(headers)) return { kind: "unsupported", message: "Event Grid sends application/json." };
  const text = decodeUtf8(body);
  if (text === undefined) return malformed("The body is not valid UTF-8.");
  const json = parseJson(text);
  if (!json.ok) return malformed(json.message);
  if (!isList(json.value)) return malformed("The body is not a list of Event Grid's events.");
  const texts = elementTexts(text);
  const events: ProviderEvent[] = [];
  for (const [index, value] of json.value.entries()) {
    const event = eventOf(value, texts[index] ?? "");
    if (!event)
      return malformed(`Event [${index}] is not in Event Grid's schema: id or eventType is missing.`);
    if (event.type !== validationType) events.push(event);
  }
  if (events.length > 0) return { kind: "events", events };
  return { kind: "ignored", reason: json.value.length === 0 ? "empty-batch" : "subscription-validation" };
}

function eventOf(value: JsonValue, payload: string): ProviderEvent | undefined {
  const [id, type, topic = ""] = ["id", "eventType", "topic"].map((name) => textAt(value, name));
  if (!isObject(value) || id === undefined || type === undefined) return undefined;
  const { subject, dataVersion, eventTime } = value;
  return {
    id: JSON.stringify([topic, id]),
    type,
    occurredAt: timeOf(own(value, "eventTime")),
    attributes: attributesOf({ id, topic, subject, dataVersion, eventTime }),
    payload,
  };
}

function malformed(message: string): Parsed {
  return { kind: "malformed", message };
}
