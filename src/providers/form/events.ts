import { createHash } from "node:crypto";
import { mediaType, readSubmission } from "../body.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

const multipart = "multipart/form-data";
const formTypes: readonly string[] = ["application/x-www-form-urlencoded", multipart];

/** Reads one submission. The key proves the whole request, so its headers may name the event. */
export function parse(request: InboundRequest): Parsed {
  const read = readSubmission(request, mediaType(request.headers) === "application/json", formTypes);
  if (read === undefined) {
    const message = `Send ${formTypes.join(", ")} or application/json.`;
    return { kind: "unsupported", message };
  }
  if (!read.ok) return { kind: "malformed", message: read.message };
  if (Object.keys(read.fields).length === 0) return { kind: "ignored", reason: "empty-form" };
  const page = pageOf(request.headers);
  return {
    kind: "events",
    events: [
      {
        id: identityOf(request.headers, read.text),
        type: "form_submission",
        occurredAt: undefined,
        attributes: page === undefined ? {} : { page },
        payload: read.text,
      },
    ],
  };
}

/** Browsers put another boundary into every multipart body: only the fields tell whether two are the same. */
function identityOf(headers: InboundRequest["headers"], fields: string): string | undefined {
  const idempotencyKey = headers["idempotency-key"]?.trim() ?? "";
  if (idempotencyKey !== "") return idempotencyKey;
  if (mediaType(headers) !== multipart) return undefined;
  return `fields:${createHash("sha256").update(fields).digest("base64url")}`;
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
