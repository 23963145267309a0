import { coreFields } from "../../contact/contact-patch.ts";
import { isAbsent } from "../../contact/normalize.ts";
import { namedAnswers } from "../answers.ts";
import { isList, isObject, parseJson } from "../body.ts";
import { readLabels } from "../labels.ts";
import type {
  Candidate,
  CandidateField,
  Candidates,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";

const candidateFields: readonly CandidateField[] = [...coreFields, "fullName"];

/** What may stand around a contact's fields without making them another person's. */
const containers = new Set([
  "contact",
  "customer",
  "person",
  "user",
  "lead",
  "subscriber",
  "profile",
  "data",
  "fields",
  "formfields",
  "formdata",
  "submission",
  "values",
  "answers",
]);

/** Finds contact data by the fields' names. The mapping root is the object of all fields. */
export function map(event: MappableEvent): ProviderMapping {
  const payload = parseJson(event.payload);
  if (!payload.ok || !isObject(payload.value)) {
    return { kind: "nothing", reason: "unreadable-payload", root: null };
  }
  const root = payload.value;
  return { kind: "contact", root, candidates: contactCandidates(root), answers: namedAnswers(root) };
}

/** Candidates for the core fields among named values, wherever one level of nesting puts them. */
function contactCandidates(fields: JsonObject): Candidates {
  const found = inputsOf(fields);
  const meanings = readLabels(found.map((input) => input.name));
  const fits = found.flatMap((input, index) => {
    const { path, value } = input;
    const own = candidateFields.find((field) => field === path);
    const meaning = own ? { field: own, rank: -1 } : meanings[index];
    return meaning ? [{ ...meaning, candidate: { path, value } }] : [];
  });
  fits.sort((a, b) => a.rank - b.rank);
  const candidates: Partial<Record<CandidateField, Candidate[]>> = {};
  for (const { field, candidate } of fits) (candidates[field] ??= []).push(candidate);
  return candidates;
}

interface Input extends Candidate {
  /** The name in lower case, letters and digits only, without what merely contains it. */
  readonly name: string;
}

/** Every named text or number, outer ones first. */
function inputsOf(fields: JsonObject): Input[] {
  const outer: Input[] = [];
  const inner: Input[] = [];
  for (const [key, value] of Object.entries(fields)) {
    const segments = segmentsOf(key);
    if (isObject(value)) {
      for (const [innerKey, innerValue] of Object.entries(value)) {
        const leaf =
          isObject(innerValue) && Object.hasOwn(innerValue, "value") ? innerValue["value"] : innerValue;
        const suffix = leaf === innerValue ? "" : ".value";
        const path = `${key}.${innerKey}${suffix}`;
        inner.push(...inputOf(path, [...segments, ...segmentsOf(innerKey)], leaf));
      }
    } else (segments.length > 1 ? inner : outer).push(...inputOf(key, segments, value));
  }
  return [...outer, ...inner];
}

function inputOf(path: string, segments: readonly string[], value: JsonValue | undefined): Input[] {
  const scalar = isList(value) ? value.find((element) => !isAbsent(element)) : value;
  if (isAbsent(scalar) || (typeof scalar !== "string" && typeof scalar !== "number")) return [];
  const nested = segments.length > 1 && containers.has(segments[0] ?? "") ? segments.slice(1) : segments;
  const leaf = nested.length > 1 && nested.at(-1) === "value" ? nested.slice(0, -1) : nested;
  return [{ path, value: scalar, name: leaf.join("") }];
}

/** `fields[email][value]` and `contact.email` name what they are nested in. */
function segmentsOf(key: string): string[] {
  return key
    .split(/[[\].]+/)
    .map((segment) => segment.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, ""))
    .filter((segment) => segment !== "");
}
