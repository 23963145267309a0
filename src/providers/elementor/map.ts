import { mapAnswers } from "../answers.ts";
import { isList, isObject, parseJson, textAt } from "../body.ts";
import type {
  Answer,
  CandidateField,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";

const typedFields: Readonly<Record<string, CandidateField>> = { email: "email", tel: "phone" };
/** They hold nothing a visitor has answered. */
const unanswerable: readonly string[] = ["step", "html", "recaptcha", "recaptcha_v3", "honeypot"];
/** What the plug-in adds to the labels. */
const ofTheForm: readonly string[] = ["form_id", "form_name"];
/** The labels of its Meta Data on an English site. A question may be labelled so, too: it is reached as an answer. */
const metaLabels: readonly string[] = ["Date", "Time", "Page URL", "User Agent", "Remote IP", "Powered by"];
/** What the plug-in writes before the id of a field without a label, on an English site. */
const noLabel = "No Label ";

/** Finds contact data by the fields' types, where they are sent, and by their labels. */
export function map(event: MappableEvent): ProviderMapping {
  const parsed = parseJson(event.payload);
  if (!parsed.ok || !isObject(parsed.value)) {
    return { kind: "nothing", reason: "unreadable-payload", root: null };
  }
  const payload = parsed.value;
  const fields = payload["fields"];
  const isAdvanced = isObject(payload["form"]) && isObject(fields);
  if (isAdvanced) return mapAnswers(payload, typedAnswers(fields));
  const answers = labelledAnswers(payload);
  return {
    ...mapAnswers(payload, answers),
    answers: answers.filter(({ path }) => !metaLabels.includes(path)),
  };
}

function typedAnswers(fields: JsonObject): Answer[] {
  return Object.entries(fields).flatMap(([id, field]): Answer[] => {
    const type = textAt(field, "type") ?? "";
    if (!isObject(field) || unanswerable.includes(type)) return [];
    const choices = field["raw_value"];
    const from = isList(choices) ? "raw_value" : "value";
    return [
      {
        path: `fields.${id}.${from}`,
        key: id,
        label: textAt(field, "title"),
        field: Object.hasOwn(typedFields, type) ? typedFields[type] : undefined,
        value: valueOf(field[from]),
      },
    ];
  });
}

function labelledAnswers(payload: JsonObject): Answer[] {
  return Object.entries(payload)
    .filter(([name]) => !ofTheForm.includes(name))
    .map(([name, value]) =>
      name.startsWith(noLabel)
        ? { path: name, key: name.slice(noLabel.length), value }
        : { path: name, label: name, value },
    );
}

function valueOf(value: JsonValue | undefined): JsonValue {
  return value ?? "";
}
