import { mapAnswers } from "../answers.ts";
import { candidatesAt, isObject, parseJson } from "../body.ts";
import { readLabels } from "../labels.ts";
import type {
  Answer,
  Candidate,
  CandidateField,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";
import { isAddress, isBlank, isName, isPhone, questionsOf, readable, type Question } from "./questions.ts";

const nameFields: readonly (CandidateField | undefined)[] = ["firstName", "lastName", "fullName"];

/**
 * The root is the form's parts, `rawRequest` as an object, with `answers`. Labels stand only in `pretty`, which cannot
 * be taken apart where an answer holds a comma or a colon: the unique names of the questions are read in their place.
 */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  const rawRequest = isObject(root) ? root["rawRequest"] : undefined;
  if (!isObject(root) || !isObject(rawRequest)) return { kind: "nothing", reason: "no-answers", root };
  const questions = questionsOf(rawRequest);
  const { names, phones, addresses } = ownBlocks(questions);
  return mapAnswers(
    root,
    questions.flatMap((question) => answerOf(question, phones)),
    {
      firstName: candidatesIn(names, "first"),
      lastName: candidatesIn(names, "last"),
      countryCode: candidatesIn(addresses, "country"),
    },
  );
}

function answerOf(question: Question, phones: ReadonlySet<Question>): Answer[] {
  const { path, key, name, label } = question;
  if (isBlank(question.value)) return [];
  const field = phones.has(question) ? "phone" : undefined;
  return [{ path, ref: name, key, label, field, value: readable(question.value) }];
}

/** The names, phone numbers and addresses in parts that are those of the person who fills in the form. */
function ownBlocks(questions: readonly Question[]) {
  const meanings = readLabels(questions.map(({ label }) => label));
  const fields = new Map(questions.map((question, index) => [question, meanings[index]?.field]));
  return {
    names: own(questions, isName, (question) => nameFields.includes(fields.get(question))),
    phones: own(questions, isPhone, (question) => fields.get(question) === "phone"),
    addresses: own(questions, isAddress, ({ label }) => label.toLowerCase() === "address"),
  };
}

/**
 * Those that are named plainly; where no question is, answered or not, the form's only one. `spousesName` beside `name`
 * is another person's even when `name` was left empty.
 */
function own(
  questions: readonly Question[],
  isBlock: (value: JsonValue) => value is JsonObject,
  isPlain: (question: Question) => boolean,
): ReadonlySet<Question> {
  const blocks = questions.filter(({ value }) => isBlock(value));
  if (questions.some(isPlain)) return new Set(blocks.filter(isPlain));
  return new Set(blocks.length === 1 ? blocks : []);
}

function candidatesIn(blocks: ReadonlySet<Question>, part: string): Candidate[] {
  return [...blocks].flatMap(({ path, value }) =>
    candidatesAt(value, [part]).map((found) => ({ ...found, path: `${path}.${part}` })),
  );
}
