import { readSubmission, saysJson, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, JsonValue, Parsed } from "../provider.ts";
import { isEntry } from "./entry.ts";

const formType = "application/x-www-form-urlencoded";

/** Reads one submission, in either of the add-on's formats. */
export function parse(request: InboundRequest): Parsed {
  const read = readSubmission(request, saysJson(request.headers), [formType]);
  if (read === undefined) {
    return { kind: "unsupported", message: `Send application/json or ${formType}.` };
  }
  if (!read.ok) return { kind: "malformed", message: read.message };
  const { fields, text } = read;
  if (Object.keys(fields).length === 0) return { kind: "ignored", reason: "empty-form" };
  return {
    kind: "events",
    events: [
      {
        id: identityOf(fields),
        type: "form_submission",
        occurredAt: utcTime(fields["date_updated"]) ?? utcTime(fields["date_created"]),
        attributes: {},
        payload: text,
      },
    ],
  };
}

/**
 * One state of one entry. Only of an entry as a whole: two feeds may each send some fields of the same entry, and
 * neither of them is a repetition of the other.
 */
function identityOf(fields: JsonObject): string | undefined {
  if (!isEntry(fields)) return undefined;
  const [form, entry, updated] = ["form_id", "id", "date_updated"].map((name) => scalarText(fields[name]));
  return form && entry && updated ? JSON.stringify([form, entry, updated]) : undefined;
}

function scalarText(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** "The UTC date and time … Format: YYYY-MM-DD HH:MM:SS" (docs.gravityforms.com/entry-object). */
function utcTime(value: JsonValue | undefined): number | undefined {
  return typeof value === "string" ? timeOf(`${value}Z`) : undefined;
}
