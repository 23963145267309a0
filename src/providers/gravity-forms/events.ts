import { parseSubmission, saysJson, scalarText, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, JsonValue, Parsed } from "../provider.ts";
import { isEntry } from "./entry.ts";

const formType = "application/x-www-form-urlencoded";

/** Reads one submission, in either of the add-on's formats. */
export function parse(request: InboundRequest): Parsed {
  const isJson = saysJson(request.headers);
  const expected = `Send application/json or ${formType}.`;
  return parseSubmission(request, { isJson, formTypes: [formType], expected }, ({ fields }) => ({
    id: identityOf(fields),
    occurredAt: utcTime(fields["date_updated"]) ?? utcTime(fields["date_created"]),
  }));
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

/** "The UTC date and time … Format: YYYY-MM-DD HH:MM:SS" (docs.gravityforms.com/entry-object). */
function utcTime(value: JsonValue | undefined): number | undefined {
  return typeof value === "string" ? timeOf(`${value}Z`) : undefined;
}
