import { decodeUtf8, elementTexts, isList, isObject, mediaType, parseJson } from "../body.ts";
import type { InboundRequest, JsonValue, Parsed, ProviderEvent } from "../provider.ts";
import { isBinaryMode, toStructured } from "../cloud-event-binary.ts";
import { checkEvent, own, type Checked } from "../cloud-event.ts";

/** Reads what the HTTP protocol binding calls structured, batched and binary mode. */
export function parse(request: InboundRequest): Parsed {
  const type = mediaType(request.headers);
  if (type.startsWith("application/cloudevents-batch")) {
    return speaksJson(type) ? parseBatch(request.body) : unsupported("This batch format is not read.");
  }
  if (type.startsWith("application/cloudevents")) {
    return speaksJson(type) ? parseSingle(request.body) : unsupported("This event format is not read.");
  }
  if (isBinaryMode(request.headers)) {
    const structured = toStructured(request);
    return structured.ok ? single(structured.text) : malformed(structured.message);
  }
  return type === "application/json" ? parsePlainJson(request.body) : unsupported("This is no CloudEvent.");
}

function speaksJson(type: string): boolean {
  return /^application\/cloudevents(?:-batch)?(?:\+json)?$/.test(type);
}

function parseSingle(body: Buffer): Parsed {
  const text = decodeUtf8(body);
  return text === undefined ? malformed("The body is not valid UTF-8.") : single(text);
}

function single(text: string): Parsed {
  const json = parseJson(text);
  if (!json.ok) return malformed(json.message);
  const checked = check(json.value, text);
  return checked.ok ? { kind: "events", events: [checked.event] } : malformed(checked.message);
}

/** Sinks of other systems do not say that their JSON is an event, or a list of some; its `specversion` says it. */
function parsePlainJson(body: Buffer): Parsed {
  const json = parseJson(decodeUtf8(body) ?? "");
  const isEvent = (value: JsonValue) => isObject(value) && own(value, "specversion") !== undefined;
  if (json.ok && isEvent(json.value)) return parseSingle(body);
  if (json.ok && isList(json.value) && json.value.length > 0 && json.value.every(isEvent)) {
    return parseBatch(body);
  }
  return unsupported("This JSON is no CloudEvent.");
}

function parseBatch(body: Buffer): Parsed {
  const text = decodeUtf8(body);
  if (text === undefined) return malformed("The body is not valid UTF-8.");
  const json = parseJson(text);
  if (!json.ok) return malformed(json.message);
  if (!isList(json.value)) return malformed("The batch is not a JSON array.");
  if (json.value.length === 0) return { kind: "ignored", reason: "empty-batch" };
  const texts = elementTexts(text);
  const events: ProviderEvent[] = [];
  for (const [index, element] of json.value.entries()) {
    const checked = check(element, texts[index] ?? "");
    if (!checked.ok) return malformed(`Event [${index}] of the batch: ${checked.message}`);
    events.push(checked.event);
  }
  return { kind: "events", events };
}

function check(value: JsonValue, text: string): Checked {
  return isObject(value)
    ? checkEvent(value, text)
    : { ok: false, message: "The event is not a JSON object." };
}

function malformed(message: string): Parsed {
  return { kind: "malformed", message };
}

function unsupported(message: string): Parsed {
  const expected = "application/cloudevents+json, application/cloudevents-batch+json or ce- headers";
  return { kind: "unsupported", message: `${message} Send ${expected}.` };
}
