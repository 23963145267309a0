import { createHash } from "node:crypto";
import { attributesOf, readJsonObject, saysJson, textAt, timeOf } from "../body.ts";
import type { InboundRequest, JsonObject, Parsed } from "../provider.ts";
import { submissionOf } from "./submission.ts";

/** One submission per request. Its key vouches for all of it. */
export function parse(request: InboundRequest): Parsed {
  if (!saysJson(request.headers)) {
    return { kind: "unsupported", message: "Fillout sends application/json." };
  }
  const read = readJsonObject(request.body);
  if (!read.ok) return { kind: "malformed", message: read.message };
  const body = read.value;
  if (Object.keys(body).length === 0) return { kind: "ignored", reason: "empty-body" };
  const submission = submissionOf(body)?.fields;
  const time =
    timeOf((submission ?? body)["lastUpdatedAt"]) ?? timeOf((submission ?? body)["submissionTime"]);
  return {
    kind: "events",
    events: [
      {
        id: submission === undefined ? undefined : identityOf(submission),
        type: "form_submission",
        occurredAt: time,
        attributes: attributesOf({ formId: body["formId"], formName: body["formName"] }),
        payload: read.text,
      },
    ],
  };
}

/** What a person can change about a submission. */
const answerParts: readonly string[] = ["questions", "urlParameters", "scheduling", "payments", "login"];

/**
 * One that its sender has edited keeps its `submissionId`: when it was last updated tells it from what it was, or, as
 * webhooks are not documented to say so, what was answered.
 */
function identityOf(submission: JsonObject): string | undefined {
  const id = textAt(submission, "submissionId");
  if (id === undefined) return undefined;
  const updated = textAt(submission, "lastUpdatedAt");
  if (updated !== undefined) return `${id}@${updated}`;
  const answered = answerParts.map((part) => submission[part] ?? null);
  return `${id}/${createHash("sha256").update(JSON.stringify(answered)).digest("base64url")}`;
}
