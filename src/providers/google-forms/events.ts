import { createHash } from "node:crypto";
import { attributesOf, isList, isObject, readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";

/** One submission, as the script of the page posts it or with the `namedValues` of a spreadsheet's trigger. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) return { kind: "unsupported", message: "Send application/json." };
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const { submission } = submissionOf(read.value);
  if (!isList(submission["answers"]) && !isObject(submission["namedValues"])) {
    return { kind: "malformed", message: "The body has neither answers nor namedValues of a form." };
  }
  const time = textAt(read.value, "timestamp") ?? textAt(submission, "timestamp");
  const event = {
    id: identityOf(submission, time),
    type: textAt(read.value, "type") ?? "form_submission",
    occurredAt: timeOf(time),
    attributes: attributesOf({ formId: submission["formId"], formTitle: submission["formTitle"] }),
    payload: read.text,
  };
  return { kind: "events", events: [event] };
}

/** The submission and the path to it: below `data` as the script posts it, or the whole payload. */
export function submissionOf(payload: JsonObject): { submission: JsonObject; path: string } {
  const data = payload["data"];
  return isObject(data) ? { submission: data, path: "data." } : { submission: payload, path: "" };
}

/**
 * An edited response keeps its id. Google does not document that its time changes, so what was answered counts too:
 * otherwise an edit could be taken for a repetition.
 */
function identityOf(submission: JsonObject, time: string | undefined): string | undefined {
  const id = textAt(submission, "responseId");
  if (id === undefined || time === undefined) return undefined;
  const answered = ["answers", "namedValues", "respondentEmail"].map((name) => submission[name] ?? null);
  const digest = createHash("sha256").update(JSON.stringify(answered)).digest("base64url");
  return `${id}/${time}/${digest}`;
}
