import { createHash } from "node:crypto";
import { attributesOf, mediaType, parseSubmission } from "../body.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

const multipart = "multipart/form-data";
const formTypes: readonly string[] = ["application/x-www-form-urlencoded", multipart];

/** Reads one submission. The key proves the whole request, so its headers may name the event. */
export function parse(request: InboundRequest): Parsed {
  const { headers } = request;
  const isJson = mediaType(headers) === "application/json";
  const expected = `Send ${formTypes.join(", ")} or application/json.`;
  return parseSubmission(request, { isJson, formTypes, expected }, ({ text }) => ({
    id: identityOf(headers, text),
    attributes: attributesOf({ page: pageOf(headers) }),
  }));
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
