import { readSubmission, saysJson } from "../body.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

const formType = "application/x-www-form-urlencoded";

/** Reads one submission. It brings neither an id nor a time: `_date` is a text in the site's own format and zone. */
export function parse(request: InboundRequest): Parsed {
  const read = readSubmission(request, saysJson(request.headers), [formType]);
  if (read === undefined) {
    const message = `Send application/json or ${formType}. A custom body that is not valid JSON goes out as text/plain.`;
    return { kind: "unsupported", message };
  }
  if (!read.ok) return { kind: "malformed", message: read.message };
  if (Object.keys(read.fields).length === 0) return { kind: "ignored", reason: "empty-form" };
  return {
    kind: "events",
    events: [
      { id: undefined, type: "form_submission", occurredAt: undefined, attributes: {}, payload: read.text },
    ],
  };
}
