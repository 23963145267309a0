import { mapAnswers, namedAnswers } from "../answers.ts";
import { isObject, parseJson } from "../body.ts";
import type { Answer, CandidateField, MappableEvent, ProviderMapping } from "../provider.ts";
import { isEntry, isProperty, readFieldKey } from "./entry.ts";

/**
 * The inputs of a Name field: 2 prefix, 3 first, 4 middle, 6 last, 8 suffix (class GF_Field_Name). An entry has every
 * input of a field, also hidden and empty ones, and no other field numbers its inputs so. An Address has 1 to 6, as has
 * a field of six checkboxes: those say nothing.
 */
const nameInputs = "2,3,4,6,8";
const nameParts: ReadonlyMap<string, CandidateField> = new Map([
  ["3", "firstName"],
  ["6", "lastName"],
]);

/** What identity and time of a submission need: sent along, it is no answer that nothing was made of. */
const ofTheEntry: readonly string[] = ["id", "form_id", "date_created", "date_updated"];

/** Finds contact data by the names its sender has chosen ("Select Fields"), and the one Name field of an entry. */
export function map(event: MappableEvent): ProviderMapping {
  const parsed = parseJson(event.payload);
  if (!parsed.ok || !isObject(parsed.value)) {
    return { kind: "nothing", reason: "unreadable-payload", root: null };
  }
  const payload = parsed.value;
  const answers = namedAnswers(payload);
  if (isEntry(payload)) return mapAnswers(payload, fieldsOfEntry(answers));
  // Under a chosen name `status` may be a question: only what names the entry is none, however it was sent.
  return {
    ...mapAnswers(payload, answers),
    answers: answers.filter(({ path }) => !ofTheEntry.includes(path)),
  };
}

/** The fields of an entry have numbers for names, which say nothing of what they ask for. */
function fieldsOfEntry(answers: readonly Answer[]): Answer[] {
  const nameField = onlyNameField(answers.map(({ path }) => path));
  return answers
    .filter(({ path }) => !isProperty(path))
    .map((answer) => {
      const number = readFieldKey(answer.path);
      const isPart = number !== undefined && number.field === nameField;
      return isPart ? { ...answer, field: nameParts.get(number.input ?? "") } : answer;
    });
}

/** The form's Name field, if it has exactly one: of two, nothing says which is the contact's. */
function onlyNameField(keys: readonly string[]): string | undefined {
  const inputs = new Map<string, string[]>();
  for (const { field, input } of keys.map(readFieldKey).filter((known) => known !== undefined)) {
    if (input === undefined) continue;
    const known = inputs.get(field);
    if (known) known.push(input);
    else inputs.set(field, [input]);
  }
  const found = [...inputs].filter(([, list]) => list.toSorted().join(",") === nameInputs);
  return found.length === 1 ? found[0]?.[0] : undefined;
}
