import { isAbsent } from "../../contact/normalize.ts";
import { mapAnswers } from "../answers.ts";
import { candidatesAt, isList, isObject, parseJson, scalarText, textAt } from "../body.ts";
import type { Answer, JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";
import { submissionOf } from "./events.ts";

/** Links to files in Drive are pictures for nobody else, and a grid asks for several things under one title. */
const neverContactData: readonly (string | undefined)[] = ["FILE_UPLOAD", "GRID", "CHECKBOX_GRID"];

export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  if (!read.ok || !isObject(read.value)) return { kind: "nothing", reason: "unreadable-payload", root: null };
  const payload = read.value;
  const { submission, path } = submissionOf(payload);
  const items = [...itemsOf(submission["answers"], path), ...namedItems(submission["namedValues"], path)];
  const others = { email: candidatesAt(payload, [`${path}respondentEmail`]) };
  const personal = items.filter(({ type }) => !neverContactData.includes(type));
  const { candidates } = mapAnswers(payload, personal.map(answerOf), others);
  return { ...mapAnswers(payload, items.map(answerOf)), candidates };
}

interface Item {
  readonly answer: Answer;
  readonly type?: string | undefined;
}

function answerOf(item: Item): Answer {
  return item.answer;
}

/** `answers` of the script: `{id, title, type, value}`, the type by its name in `FormApp.ItemType`. */
function itemsOf(answers: JsonValue | undefined, path: string): Item[] {
  if (!isList(answers)) return [];
  return answers.flatMap((given, index): Item[] => {
    if (!isObject(given)) return [];
    const answer = {
      path: `${path}answers.${index}.value`,
      ref: scalarText(given["id"]),
      label: textAt(given, "title"),
      value: given["value"] ?? null,
    };
    return [{ answer, type: textAt(given, "type") }];
  });
}

/** `namedValues` of a spreadsheet's trigger: per question a list, with blanks where nothing was answered. */
function namedItems(named: JsonValue | undefined, path: string): Item[] {
  if (!isObject(named)) return [];
  return Object.entries(named).map(([label, given]): Item => {
    const values = isList(given) ? given.filter((value) => !isAbsent(value)) : [given];
    const value = values.length > 1 ? values : (values[0] ?? null);
    return { answer: { path: `${path}namedValues.${label}`, label, value } };
  });
}
