import { mediaType, parseFields } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";
import { nested } from "./nested.ts";

const formType = "application/x-www-form-urlencoded";

/** Reads one submission. It brings neither an id nor a time: its date is a text in the site's own format and zone. */
export function parse(request: InboundRequest): Parsed {
  if (mediaType(request.headers) !== formType) return { kind: "unsupported", message: `Send ${formType}.` };
  const form = parseFields(request.body, request.headers["content-type"] ?? "");
  if (!form.ok) return { kind: "malformed", message: form.message };
  if (Object.keys(form.fields).length === 0) return { kind: "ignored", reason: "empty-form" };
  return {
    kind: "events",
    events: [
      {
        id: undefined,
        type: "form_submission",
        occurredAt: undefined,
        attributes: {},
        payload: JSON.stringify(isAdvanced(form.fields) ? nested(form.fields) : form.fields),
      },
    ],
  };
}

/** "Advanced Data" sends nested arrays. Without it every name is a label, and brackets in one are the author's. */
function isAdvanced(fields: JsonObject): boolean {
  return Object.hasOwn(fields, "form[id]");
}
