import { at, isList, isObject, readJsonObject, saysJson, textAt } from "../body.ts";
import type { InboundRequest, JsonObject, JsonValue, Parsed, ProviderEvent } from "../provider.ts";
import { leadId } from "./notification.ts";

/** One notification of the field `leadgen`, and the page's entry it stands in. */
interface Change {
  readonly value: JsonValue | undefined;
  readonly entry: JsonValue;
}

/**
 * `{object: "page", entry: [{id, time, changes: [{field: "leadgen", value}]}]}`, where Meta batches up to 1000
 * changes: every one is an event of its own, itself by its `leadgen_id`.
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
  const events = changes.flatMap(eventOf);
  return events.length === 0 ? { kind: "ignored", reason: "lead-without-id" } : { kind: "events", events };
}

function leadgenChanges(entry: JsonValue): Change[] {
  const changes = at(entry, "changes");
  const ofLeads = isList(changes) ? changes.filter((change) => at(change, "field") === "leadgen") : [];
  return ofLeads.map((change) => ({ value: at(change, "value"), entry }));
}

/** The payload is the change's value, and what only its entry says. */
function eventOf({ value, entry }: Change): ProviderEvent[] {
  if (!isObject(value)) return [];
  const id = leadId(value);
  if (id === undefined) return [];
  const page = value["page_id"] ?? at(entry, "id");
  const payload = { ...value, page_id: page, entry_time: at(entry, "time") };
  return [
    {
      id,
      type: "leadgen",
      occurredAt: createdMs(value["created_time"]),
      attributes: attributesOf(value, page),
      payload: JSON.stringify(payload),
    },
  ];
}

/** Unix seconds. What no calendar holds is no time. */
function createdMs(created: JsonValue | undefined): number | undefined {
  const digits = typeof created === "string" && /^\d{1,12}$/.test(created);
  const seconds = digits ? Number(created) : created;
  if (typeof seconds !== "number") return undefined;
  const time = seconds * 1_000;
  return Number.isNaN(new Date(time).getTime()) ? undefined : time;
}

function attributesOf(value: JsonObject, page: JsonValue | undefined): Record<string, string> {
  const named = { page, form: value["form_id"], ad: value["ad_id"] };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, id]) =>
      typeof id === "string" || typeof id === "number" ? [[name, String(id)]] : [],
    ),
  );
}
