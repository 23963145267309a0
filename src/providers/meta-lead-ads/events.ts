import { attributesOf, at, isList, isObject, readJsonObject, saysJson, textAt, unixTimeOf } from "../body.ts";
import type { InboundRequest, JsonValue, Parsed, ProviderEvent } from "../provider.ts";
import { leadId } from "./notification.ts";

/** Twice what Meta documents: a request must not keep others waiting for long. */
const changesMax = 2_000;

/** One notification of the field `leadgen`, and the page's entry it stands in. */
interface Change {
  readonly value: JsonValue | undefined;
  readonly entry: JsonValue;
}

/**
 * `{object: "page", entry: [{id, time, changes: [{field: "leadgen", value}]}]}`, where Meta batches up to 1000
 * changes: every one is an event of its own, itself by its `leadgen_id`. One that names no lead is an event as well, so
 * that it is not lost among others.
 */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Meta sends application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const object = textAt(read.value, "object");
  const entries = at(read.value, "entry");
  if (object === undefined || !isList(entries)) {
    return {
      kind: "malformed",
      message: "The body is not a notification of Meta: it has no object and entry.",
    };
  }
  if (object !== "page") return { kind: "ignored", reason: "not-of-a-page" };
  const changes = entries.flatMap(leadgenChanges);
  if (changes.length === 0) return { kind: "ignored", reason: "no-lead" };
  if (changes.length > changesMax) {
    return {
      kind: "malformed",
      message: `The body holds more than ${changesMax} changes; Meta sends 1000 at most.`,
    };
  }
  return { kind: "events", events: changes.map(eventOf) };
}

function leadgenChanges(entry: JsonValue): Change[] {
  const changes = at(entry, "changes");
  const ofLeads = isList(changes) ? changes.filter((change) => at(change, "field") === "leadgen") : [];
  return ofLeads.map((change) => ({ value: at(change, "value"), entry }));
}

/** The payload is the change's value, and what only its entry says. */
function eventOf({ value, entry }: Change): ProviderEvent {
  const lead = isObject(value) ? value : { value: value ?? null };
  const page = lead["page_id"] ?? at(entry, "id");
  return {
    id: leadId(lead),
    type: "leadgen",
    occurredAt: unixTimeOf(lead["created_time"]),
    attributes: attributesOf({ page, form: lead["form_id"], ad: lead["ad_id"] }),
    payload: JSON.stringify({ ...lead, page_id: page, entry_time: at(entry, "time") }),
  };
}
