import {
  at,
  attributesOf,
  decodeUtf8,
  elementTexts,
  isList,
  isObject,
  parseJson,
  saysJson,
  scalarText,
  textAt,
  timeOf,
  unixTimeOf,
} from "../body.ts";
import type { InboundRequest, JsonObject, JsonValue, Parsed, ProviderEvent } from "../provider.ts";
import { privacyDeletion, workflow } from "./types.ts";

/** HubSpot documents at most 100. */
const eventsMax = 1_000;

/** A list holds an app's events; one object is what a workflow's webhook action sends: a record with its properties. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "HubSpot sends application/json." };
  const text = decodeUtf8(request.body);
  if (text === undefined) return malformed("The body is not valid UTF-8.");
  const json = parseJson(text);
  if (!json.ok) return malformed(json.message);
  if (isList(json.value)) return parseBatch(json.value, text);
  if (isObject(json.value)) return { kind: "events", events: [workflowEvent(json.value, text)] };
  return malformed("The body is neither a list of HubSpot events nor a workflow's record.");
}

function parseBatch(batch: readonly JsonValue[], text: string): Parsed {
  if (batch.length === 0) return { kind: "ignored", reason: "empty-batch" };
  if (batch.length > eventsMax) return malformed(`The list has more than ${eventsMax} events.`);
  const texts = elementTexts(text);
  const events: ProviderEvent[] = [];
  for (const [index, element] of batch.entries()) {
    // Older accounts send `eventType`.
    const type = textAt(element, "subscriptionType") ?? textAt(element, "eventType");
    const payload = texts[index];
    if (!isObject(element) || type === undefined || payload === undefined) {
      return malformed(`Event [${index}] of the list has no subscriptionType.`);
    }
    events.push(appEvent(element, type, payload));
  }
  return { kind: "events", events };
}

function appEvent(event: JsonObject, type: string, payload: string): ProviderEvent {
  const { portalId, objectId, objectTypeId, propertyName } = event;
  return {
    id: identityOf(event),
    type,
    occurredAt: timeAt(event, "occurredAt"),
    attributes: attributesOf({ portalId, objectId, objectTypeId, propertyName }),
    payload,
    ...(type === privacyDeletion && { mandatory: true }),
  };
}

/** `eventId` is documented as not unique, and `attemptNumber` changes with every retry. */
function identityOf(event: JsonObject): string | undefined {
  const names = ["portalId", "subscriptionId", "objectId", "propertyName", "occurredAt", "eventId"];
  const parts = names.map((name) => scalarText(event[name]));
  const [occurredAt, eventId] = parts.slice(-2);
  if (occurredAt === undefined && eventId === undefined) return undefined;
  return JSON.stringify(parts.map((part) => part ?? ""));
}

/** The record's last change orders its snapshots however late they arrive. Its body is its identity. */
function workflowEvent(record: JsonObject, payload: string): ProviderEvent {
  const changed = ["properties.lastmodifieddate.value", "properties.lastmodifieddate", "lastmodifieddate"];
  const times = changed.map((path) => timeAt(record, path));
  const { portalId, objectId, vid, objectTypeId } = record;
  return {
    id: undefined,
    type: workflow,
    occurredAt: times.find((time) => time !== undefined),
    attributes: attributesOf({ portalId, "portal-id": record["portal-id"], objectId, vid, objectTypeId }),
    payload,
  };
}

/** Unix milliseconds, as a number or as text, or an RFC 3339 time. */
function timeAt(event: JsonObject, path: string): number | undefined {
  const value = at(event, path);
  return unixTimeOf(value) ?? timeOf(value);
}

function malformed(message: string): Parsed {
  return { kind: "malformed", message };
}
