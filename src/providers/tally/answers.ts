import { isAbsent } from "../../contact/normalize.ts";
import { isList, isObject, textAt } from "../body.ts";
import type { Answer, CandidateField, JsonObject, JsonValue } from "../provider.ts";

/** How an answer came to be: Tally adds what was in the form's address, what it computed, and who paid. */
type Origin = "asked" | "unasked" | "payer";

interface TallyAnswer extends Answer {
  readonly origin: Origin;
}

type Texts = ReadonlyMap<string, string>;

/** The types that say what a text is; any other is told by its label. */
const fieldOfType: Readonly<Record<string, CandidateField>> = {
  INPUT_EMAIL: "email",
  INPUT_PHONE_NUMBER: "phone",
};

/** A payment is several rows: `question_x_price`, `_currency`, `_name`, `_email` and `_link`. */
const fieldOfPaymentRow: Readonly<Record<string, CandidateField>> = { name: "fullName", email: "email" };

/** The filled in rows of `data.fields`, without those that only repeat one choice of a question as true or false. */
export function answersOf(fields: readonly JsonValue[]): TallyAnswer[] {
  const optionsByKey = new Map(
    fields.flatMap((field) => {
      const key = textAt(field, "key");
      const options = isObject(field) ? textsOf(field["options"]) : undefined;
      return key === undefined || options === undefined ? [] : [[key, options] as const];
    }),
  );
  return fields.flatMap((field, index) => {
    if (!isObject(field)) return [];
    const key = textAt(field, "key");
    const value = valueOf(field);
    if (isAbsent(value) || isChoiceRow(key, optionsByKey)) return [];
    const label = textAt(field, "label")?.trim();
    return [{ path: `data.fields.${index}.value`, key, label, value, ...meaningOf(field, key) }];
  });
}

function meaningOf(field: JsonObject, key = ""): Pick<TallyAnswer, "origin" | "field"> {
  const type = textAt(field, "type") ?? "";
  switch (type) {
    case "HIDDEN_FIELDS":
    case "CALCULATED_FIELDS":
      return { origin: "unasked" };
    case "PAYMENT":
      return { origin: "payer", field: own(fieldOfPaymentRow, splitKey(key).last) };
    default:
      return { origin: "asked", field: own(fieldOfType, type) };
  }
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** `question_x_<option id>` beside the `question_x` that has the option. */
function isChoiceRow(key: string | undefined, optionsByKey: ReadonlyMap<string, Texts>): boolean {
  if (key === undefined) return false;
  const { first, last } = splitKey(key);
  return optionsByKey.get(first)?.has(last) ?? false;
}

function splitKey(key: string): { first: string; last: string } {
  const place = key.lastIndexOf("_");
  return { first: key.slice(0, Math.max(place, 0)), last: key.slice(place + 1) };
}

/** The value as it reads on the form: ids of options, rows and columns are replaced by their texts. */
function valueOf(field: JsonObject): JsonValue {
  const value = field["value"] ?? null;
  const rows = textsOf(field["rows"]);
  const columns = textsOf(field["columns"]);
  if (isObject(value) && rows && columns) {
    return Object.fromEntries(
      Object.entries(value).map(([id, chosen]) => [rows.get(id) ?? id, worded(chosen, columns)]),
    );
  }
  const options = textsOf(field["options"]);
  return options ? worded(value, options) : value;
}

/** An id that is no option's stays as it is. */
function worded(value: JsonValue, texts: Texts): JsonValue {
  if (typeof value === "string") return texts.get(value) ?? value;
  return isList(value) ? value.map((id) => (typeof id === "string" ? (texts.get(id) ?? id) : id)) : value;
}

/** What people read, by id. An option without a text, such as a picture, is read as its id. */
function textsOf(options: JsonValue | undefined): Texts | undefined {
  if (!isList(options)) return undefined;
  return new Map(
    options.flatMap((option) => {
      const id = textAt(option, "id");
      return id === undefined ? [] : [[id, textAt(option, "text") ?? id] as const];
    }),
  );
}
