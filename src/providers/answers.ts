import { isAbsent } from "../contact/normalize.ts";
import { readLabels } from "./labels.ts";
import type {
  Answer,
  Candidate,
  CandidateField,
  Candidates,
  JsonObject,
  JsonValue,
  ProviderMapping,
} from "./provider.ts";

/**
 * Maps a form's answers: by what the builder says they are, then by their labels.
 *
 * @param payload becomes the mapping's root, with `answers` in it by reference, key and label
 * @param others candidates from elsewhere in the payload, such as hidden fields; they come after the answers
 * @param surer candidates that the sender's own fields name, such as who booked; they come before the answers
 */
export function mapAnswers(
  payload: JsonObject,
  answers: readonly Answer[],
  others: Candidates = {},
  surer: Candidates = {},
): Extract<ProviderMapping, { kind: "contact" }> {
  return {
    kind: "contact",
    root: { ...payload, answers: answersByName(answers) },
    candidates: joined(surer, candidatesOf(answers), others),
    answers,
  };
}

/** The fields of a form that sends nothing but names and values. */
export function namedAnswers(fields: JsonObject): Answer[] {
  return Object.entries(fields).map(([name, value]) => ({ path: name, key: name, value }));
}

/** Whether anything says how to reach who answered. */
export function isReachable({ email = [], phone = [] }: Candidates): boolean {
  return email.length + phone.length > 0;
}

/** Every answer by its reference, its key and its label; of two with one name, references before keys before labels. */
function answersByName(answers: readonly Answer[]): JsonObject {
  const named = new Map<string, JsonValue>();
  for (const kind of ["ref", "key", "label"] as const) {
    for (const answer of answers) {
      const name = answer[kind];
      if (name !== undefined && name !== "" && !named.has(name)) named.set(name, answer.value);
    }
  }
  return Object.fromEntries(named);
}

interface Fit {
  readonly field: CandidateField;
  /** How sure it is: typed and labelled, labelled, typed. */
  readonly tier: number;
  readonly rank: number;
  readonly candidate: Candidate;
}

function candidatesOf(answers: readonly Answer[]): Candidates {
  const meanings = readLabels(answers.map((answer) => answer.label ?? answer.key));
  const fits = answers.flatMap((answer, index): Fit[] => {
    const meaning = meanings[index];
    const field = answer.field ?? meaning?.field;
    const value = single(answer.value);
    if (field === undefined || value === undefined) return [];
    const labelled = meaning?.field === field;
    const tier = labelled ? (answer.field === undefined ? 1 : 0) : 2;
    return [{ field, tier, rank: labelled ? meaning.rank : 0, candidate: { path: answer.path, value } }];
  });
  fits.sort((a, b) => a.tier - b.tier || a.rank - b.rank);
  const candidates: Partial<Record<CandidateField, Candidate[]>> = {};
  for (const { field, candidate } of fits) (candidates[field] ??= []).push(candidate);
  return candidates;
}

function joined(...parts: readonly Candidates[]): Candidates {
  const candidates: Partial<Record<CandidateField, readonly Candidate[]>> = {};
  for (const part of parts) {
    for (const [field, more] of Object.entries(part) as [CandidateField, readonly Candidate[]][]) {
      candidates[field] = [...(candidates[field] ?? []), ...more];
    }
  }
  return candidates;
}

/** The one text or number of an answer; several choices or an object are none. */
function single(value: JsonValue): JsonValue | undefined {
  const present = Array.isArray(value) ? value.filter((item: JsonValue) => !isAbsent(item)) : [value];
  const [only] = present as JsonValue[];
  if (present.length !== 1 || only === undefined || isAbsent(only)) return undefined;
  return typeof only === "string" || typeof only === "number" ? only : undefined;
}
