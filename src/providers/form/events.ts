import { mediaType, readSubmission } from "../body.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

const formTypes: readonly string[] = ["application/x-www-form-urlencoded", "multipart/form-data"];

/** Reads one submission. The key proves the whole request, so its headers may name the event. */
export function parse(request: InboundRequest): Parsed {
  const read = readSubmission(request, mediaType(request.headers) === "application/json", formTypes);
  if (read === undefined) {
    const message = `Send ${formTypes.join(", ")} or application/json.`;
    return { kind: "unsupported", message };
  }
  if (!read.ok) return { kind: "malformed", message: read.message };
  if (Object.keys(read.fields).length === 0) return { kind: "ignored", reason: "empty-form" };
  const idempotencyKey = request.headers["idempotency-key"]?.trim();
  const page = pageOf(request.headers);
  return {
    kind: "events",
    events: [
      {
        id: idempotencyKey === "" ? undefined : idempotencyKey,
        type: "form_submission",
        occurredAt: undefined,
        attributes: page === undefined ? {} : { page },
        payload: read.text,
      },
    ],
  };
}

/** The page the form is on, without its query: that may carry anything, the key too. */
function pageOf(headers: Readonly<Record<string, string>>): string | undefined {
  for (const name of ["referer", "origin"]) {
    const text = headers[name] ?? "";
    if (!/^https?:/i.test(text) || !URL.canParse(text)) continue;
    const url = new URL(text);
    return url.pathname === "/" ? url.origin : url.origin + url.pathname;
  }
  return undefined;
}
