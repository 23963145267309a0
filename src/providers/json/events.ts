import {
  decodeUtf8,
  elementTexts,
  isList,
  isObject,
  mediaType,
  parseJson,
  saysJson,
  textAt,
} from "../body.ts";
import type { InboundRequest, JsonObject, Parsed, ProviderEvent } from "../provider.ts";

const lineTypes: readonly string[] = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
const expected = `Send application/json or ${lineTypes[0]}.`;
/** Where plain messages say what they are. */
const typeKeys = ["type", "eventType", "event_type", "event"] as const;

/** One object is one event; a list of objects, or a line for each, is several. */
export function parse(request: InboundRequest): Parsed {
  const { headers, body } = request;
  const isLines = lineTypes.includes(mediaType(headers));
  if (!isLines && !saysJson(headers)) return { kind: "unsupported", message: expected };
  const text = decodeUtf8(body);
  if (text === undefined) return malformed("The body is not valid UTF-8.");
  const found = isLines ? eventsOfLines(text) : eventsOf(text);
  if (!found.ok) return malformed(found.message);
  const [first, ...more] = found.events;
  if (!first) return { kind: "ignored", reason: "empty-batch" };
  // The key proves the whole request: of a single event its header may be the name.
  const id = headers["idempotency-key"]?.trim() ?? "";
  if (more.length === 0 && id !== "") return { kind: "events", events: [{ ...first, id }] };
  return { kind: "events", events: found.events };
}

type Found = { ok: true; events: readonly ProviderEvent[] } | { ok: false; message: string };

function eventsOf(text: string): Found {
  const json = parseJson(text);
  if (!json.ok) return json;
  if (isObject(json.value)) return { ok: true, events: [eventOf(json.value, text)] };
  if (!isList(json.value)) return { ok: false, message: "The body is no JSON object and no list of them." };
  const texts = elementTexts(text);
  const events: ProviderEvent[] = [];
  for (const [index, element] of json.value.entries()) {
    if (!isObject(element)) return { ok: false, message: `Element [${index}] is not a JSON object.` };
    events.push(eventOf(element, texts[index] ?? ""));
  }
  return { ok: true, events };
}

function eventsOfLines(text: string): Found {
  const events: ProviderEvent[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const json = parseJson(line);
    if (!json.ok) return { ok: false, message: `Line ${index + 1}: ${json.message}` };
    if (!isObject(json.value)) return { ok: false, message: `Line ${index + 1} is not a JSON object.` };
    events.push(eventOf(json.value, line.trim()));
  }
  return { ok: true, events };
}

function eventOf(value: JsonObject, payload: string): ProviderEvent {
  const type = typeKeys.map((key) => textAt(value, key)).find((found) => found !== undefined);
  return { id: undefined, type: type ?? "message", occurredAt: undefined, attributes: {}, payload };
}

function malformed(message: string): Parsed {
  return { kind: "malformed", message };
}
