import { parseSubmission, saysJson } from "../body.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

const formType = "application/x-www-form-urlencoded";

/** Reads one submission. It brings neither an id nor a time: `_date` is a text in the site's own format and zone. */
export function parse(request: InboundRequest): Parsed {
  const isJson = saysJson(request.headers);
  const expected = `Send application/json or ${formType}. A custom body that is not valid JSON goes out as text/plain.`;
  return parseSubmission(request, { isJson, formTypes: [formType], expected }, () => ({}));
}
