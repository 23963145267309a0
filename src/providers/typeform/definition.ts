import { at, isList, isObject, textAt } from "../body.ts";
import type { CandidateField, JsonObject, JsonValue } from "../provider.ts";

/** What a form's definition says of a question. */
export interface Question {
  readonly title: string | undefined;
  readonly field: CandidateField | undefined;
}

/** What the parts of a question for contact details ask for, by their `subfield_key`. */
const subfields: Readonly<Record<string, CandidateField>> = {
  first_name: "firstName",
  last_name: "lastName",
  email: "email",
  phone_number: "phone",
};

/** Finds the question of an answer's `field`, by id, else by reference. Those of a group stand below the group. */
export function questionsOf(definition: JsonValue | undefined): (field: JsonObject) => Question | undefined {
  const byId = new Map<string, Question>();
  const byReference = new Map<string, Question>();
  const add = (fields: JsonValue | undefined): void => {
    for (const field of isList(fields) ? fields : []) {
      if (!isObject(field)) continue;
      const id = textAt(field, "id");
      const reference = textAt(field, "ref");
      const question = questionOf(field);
      if (id !== undefined) byId.set(id, question);
      if (reference !== undefined) byReference.set(reference, question);
      add(at(field, "properties.fields"));
    }
  };
  if (isObject(definition)) add(definition["fields"]);
  return (field) => byId.get(textAt(field, "id") ?? "") ?? byReference.get(textAt(field, "ref") ?? "");
}

function questionOf(field: JsonObject): Question {
  const title = textAt(field, "title");
  const subfield = textAt(field, "subfield_key") ?? "";
  return {
    title: title === undefined ? undefined : plainTitle(title),
    field: Object.hasOwn(subfields, subfield) ? subfields[subfield] : undefined,
  };
}

/** A title without Typeform's marks: `*bold*`, `_italic_`, and what it recalls, such as `{{field:…}}`. */
export function plainTitle(title: string): string {
  return title
    .replaceAll(/\{\{[^{}]*\}\}/g, "")
    .replaceAll(/\*([^*]+)\*/g, "$1")
    .replaceAll(/(?<![\p{L}\p{N}])_([^_]+)_(?![\p{L}\p{N}])/gu, "$1")
    .replaceAll(/\s+/g, " ")
    .trim();
}
