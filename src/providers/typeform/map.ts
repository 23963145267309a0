import { isAbsent } from "../../contact/normalize.ts";
import { mapAnswers } from "../answers.ts";
import { isList, isObject, parseJson, textAt } from "../body.ts";
import type {
  Answer,
  CandidateField,
  Candidates,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";
import { questionsOf, type Question } from "./definition.ts";

/** What the type of an answer says of it. */
const typedFields: Readonly<Record<string, CandidateField>> = { email: "email", phone_number: "phone" };

/** In a link to a form Typeform shows this where the sender is to put a hidden field's value. */
const hiddenPlaceholder = "xxxxx";

/** The root is the whole payload, with `hidden` and `answers` in it. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const payload = read.ok ? read.value : null;
  const response = isObject(payload) ? payload["form_response"] : undefined;
  if (!isObject(payload) || !isObject(response)) {
    return { kind: "nothing", reason: "no-response", root: payload };
  }
  const hidden = isObject(response["hidden"]) ? response["hidden"] : {};
  return mapAnswers({ ...payload, hidden }, answersOf(response), hiddenCandidates(hidden));
}

function answersOf(response: JsonObject): Answer[] {
  const given = response["answers"];
  const questionOf = questionsOf(response["definition"]);
  return (isList(given) ? given : []).flatMap((answer, index) => {
    if (!isObject(answer)) return [];
    const field = isObject(answer["field"]) ? answer["field"] : {};
    return answerOf(answer, field, questionOf(field), `form_response.answers.${index}`);
  });
}

function answerOf(
  answer: JsonObject,
  field: JsonObject,
  question: Question | undefined,
  path: string,
): Answer[] {
  const type = textAt(answer, "type") ?? "";
  const value = Object.hasOwn(answer, type) ? valueOf(type, answer[type]) : undefined;
  if (value === undefined) return [];
  return [
    {
      path: `${path}.${type}`,
      ref: textAt(field, "ref"),
      key: textAt(field, "id"),
      label: question?.title,
      field: question?.field ?? (Object.hasOwn(typedFields, type) ? typedFields[type] : undefined),
      value,
    },
  ];
}

/** An answer's value stands under the name of its type; of choices, their labels and what was typed as another one. */
function valueOf(type: string, value: JsonValue | undefined): JsonValue | undefined {
  if (type === "choice") return textAt(value, "other") ?? textAt(value, "label");
  if (type !== "choices" || !isObject(value)) return value;
  const labels = isList(value["labels"]) ? value["labels"] : [];
  return [...labels, value["other"] ?? null].filter((label) => !isAbsent(label));
}

/** Hidden fields are named by the form's author and filled by the link: what their names ask for, as with labels. */
function hiddenCandidates(hidden: JsonObject): Candidates {
  const named = Object.entries(hidden)
    .filter(([, value]) => value !== hiddenPlaceholder)
    .map(([label, value]): Answer => ({ path: `form_response.hidden.${label}`, label, value }));
  return mapAnswers({}, named).candidates;
}
