import { mapAnswers, namedAnswers } from "../answers.ts";
import { isObject, parseJson } from "../body.ts";
import type { Answer, CandidateField, MappableEvent, ProviderMapping } from "../provider.ts";

/** The name a tag gets from Contact Form 7 when its author gives none: its type and a number. */
const generatedName = /^(email|tel)-\d{1,3}$/;
/** A special mail tag. A form's own tag begins with a letter. */
const special = /^_/;
/** A tag in a custom body that the form does not have: nothing was put in its place. */
const unfilled = /^\[[A-Za-z_][\w:-]*\]$/;

/** Finds contact data by the names of the form's tags. */
export function map(event: MappableEvent): ProviderMapping {
  const payload = parseJson(event.payload);
  if (!payload.ok || !isObject(payload.value)) {
    return { kind: "nothing", reason: "unreadable-payload", root: null };
  }
  const answers = namedAnswers(payload.value).filter(({ path }) => !special.test(path));
  return mapAnswers(payload.value, answers.map(typed));
}

function typed(answer: Answer): Answer {
  const { path: name, value } = answer;
  const isUnfilled = typeof value === "string" && value.length <= 200 && unfilled.test(value);
  return { ...answer, field: typedField(name), value: isUnfilled ? "" : value };
}

function typedField(name: string): CandidateField | undefined {
  const type = generatedName.exec(name)?.[1];
  if (type === undefined) return undefined;
  return type === "tel" ? "phone" : "email";
}
