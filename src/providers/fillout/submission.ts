import { isList, isObject } from "../body.ts";
import type { JsonObject, JsonValue } from "../provider.ts";

/** A submission as Fillout itself writes it, and where in the body it stands. */
export interface Submission {
  readonly prefix: "" | "submission.";
  readonly fields: JsonObject;
  readonly questions: readonly JsonValue[];
}

/** Within `submission`, as webhooks send it, or bare, as the API lists it; undefined for a body of the author's own. */
export function submissionOf(body: JsonObject): Submission | undefined {
  const inner = body["submission"];
  if (isObject(inner) && isList(inner["questions"])) {
    return { prefix: "submission.", fields: inner, questions: inner["questions"] };
  }
  return isList(body["questions"]) ? { prefix: "", fields: body, questions: body["questions"] } : undefined;
}
