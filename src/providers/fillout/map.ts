import { isReachable, mapAnswers, namedAnswers } from "../answers.ts";
import { candidatesAt, isList, isObject, parseJson, textAt } from "../body.ts";
import type {
  Answer,
  Candidate,
  CandidateField,
  Candidates,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";
import { submissionOf, type Submission } from "./submission.ts";

/** Names and values by Fillout's own client, `@fillout/api` 1.5: what the type of a question says of its answer. */
const typedFields: Readonly<Record<string, CandidateField>> = { EmailInput: "email", PhoneNumber: "phone" };

/** Types whose value is an object of named parts. */
const groupedTypes: readonly string[] = ["Address", "ContactInfo"];

/** What a body of the author's own may carry beside answers. */
const ownNames: readonly string[] = ["formId", "formName", "submissionId", "submissionTime", "lastUpdatedAt"];

/** The root is the whole payload, with `answers` in it. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const payload = read.ok ? read.value : null;
  if (!isObject(payload)) return { kind: "nothing", reason: "no-submission", root: payload };
  const submission = submissionOf(payload);
  if (submission === undefined) return mapAnswers(payload, ownAnswers(payload));
  const named = mapAnswers(payload, answersOf(submission), otherCandidates(submission));
  // Who pays may be somebody else: it counts only when nothing else says who answered.
  if (isReachable(named.candidates)) return named;
  return { ...named, candidates: { ...named.candidates, email: eachIn(submission, "payments", "email") } };
}

/** In Fillout's Advanced mode the form's author names the fields of the body. */
function ownAnswers(payload: JsonObject): Answer[] {
  return namedAnswers(payload).filter(({ path }) => !ownNames.includes(path));
}

/** The questions, then the parts of those that have parts: a question keeps its name before a part of another. */
function answersOf({ prefix, questions }: Submission): Answer[] {
  const asked = questions.flatMap((question, index) =>
    isObject(question) ? [{ question, path: `${prefix}questions.${index}.value` }] : [],
  );
  return [
    ...asked.map(({ question, path }) => answerOf(question, path)),
    ...asked.flatMap(({ question, path }) => partsOf(question, path)),
  ];
}

function answerOf(question: JsonObject, path: string): Answer {
  const type = textAt(question, "type") ?? "";
  return {
    path,
    key: textAt(question, "id"),
    label: textAt(question, "name"),
    field: Object.hasOwn(typedFields, type) ? typedFields[type] : undefined,
    value: question["value"] ?? null,
  };
}

function partsOf(question: JsonObject, path: string): Answer[] {
  const value = question["value"];
  if (!groupedTypes.includes(textAt(question, "type") ?? "") || !isObject(value)) return [];
  return Object.entries(value).map(([name, part]) => ({ path: `${path}.${name}`, label: name, value: part }));
}

/** Whom else a submission names: who logged in or booked, and at last what the link to the form carried. */
function otherCandidates(submission: Submission): Candidates {
  const booked = (part: string) => eachIn(submission, "scheduling", part);
  const linked = linkCandidates(submission);
  return {
    ...linked,
    email: [...found(submission, "login.email"), ...booked("email"), ...(linked.email ?? [])],
    phone: [...booked("phone"), ...(linked.phone ?? [])],
    fullName: [...booked("fullName"), ...(linked.fullName ?? [])],
  };
}

/** A part of every value in a list of the submission. */
function eachIn(submission: Submission, list: string, part: string): Candidate[] {
  return elements(submission.fields[list]).flatMap((_, index) =>
    found(submission, `${list}.${index}.value.${part}`),
  );
}

function found({ prefix, fields }: Submission, path: string): Candidate[] {
  return candidatesAt(fields, [path]).map((candidate) => ({ ...candidate, path: prefix + path }));
}

/** The form's author names its URL parameters: what their names ask for, as with questions. */
function linkCandidates({ prefix, fields }: Submission): Candidates {
  const named = elements(fields["urlParameters"]).flatMap((parameter, index): Answer[] => {
    if (!isObject(parameter)) return [];
    const path = `${prefix}urlParameters.${index}.value`;
    return [{ path, label: textAt(parameter, "name"), value: parameter["value"] ?? null }];
  });
  return mapAnswers({}, named).candidates;
}

function elements(value: JsonValue | undefined): readonly JsonValue[] {
  return isList(value) ? value : [];
}
