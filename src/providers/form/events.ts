import { mediaType, parseFields, readJsonObject } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

const formTypes: readonly string[] = ["application/x-www-form-urlencoded", "multipart/form-data"];

/** Reads one submission. The key proves the whole request, so its headers may name the event. */
export function parse(request: InboundRequest): Parsed {
  const read = readSubmission(request);
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

type Submission = { ok: true; fields: JsonObject; text: string } | { ok: false; message: string };

function readSubmission(request: InboundRequest): Submission | undefined {
  const type = mediaType(request.headers);
  if (type === "application/json") {
    const json = readJsonObject(request.body);
    return json.ok ? { ok: true, fields: json.value, text: json.text } : json;
  }
  if (!formTypes.includes(type)) return undefined;
  const form = parseFields(request.body, request.headers["content-type"] ?? "");
  return form.ok ? { ...form, text: JSON.stringify(form.fields) } : form;
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
