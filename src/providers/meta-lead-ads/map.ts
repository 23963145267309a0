import { at, isList, isObject, parseJson, textAt } from "../body.ts";
import { mapAnswers } from "../answers.ts";
import type {
  Answer,
  CandidateField,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";
import { isDashboardTest, leadOf } from "./notification.ts";

/** What Meta names the answers to its own questions; the form's author names the others. */
const standardNames: ReadonlyMap<string, CandidateField> = new Map([
  ["full_name", "fullName"],
  ["first_name", "firstName"],
  ["last_name", "lastName"],
  ["email", "email"],
  ["work_email", "email"],
  ["phone_number", "phone"],
  ["work_phone_number", "phone"],
  ["country", "countryCode"],
]);

/** The root is the notification with the fetched `lead` in it, and its answers by their names. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  if (!read.ok || !isObject(read.value)) return { kind: "nothing", reason: "unreadable-payload", root: null };
  const root = read.value;
  if (isDashboardTest(root)) return { kind: "nothing", reason: "test-lead", root };
  const lead = leadOf(root);
  if (lead === undefined) return { kind: "nothing", reason: "lead-without-its-fields", root };
  const answers = answersOf(lead);
  if (answers.some(isDummy)) return { kind: "nothing", reason: "test-lead", root };
  return mapAnswers(root, answers);
}

function answersOf(lead: JsonObject): Answer[] {
  const fields = at(lead, "field_data");
  return (isList(fields) ? fields : []).flatMap((field, index) => {
    const name = textAt(field, "name");
    if (name === undefined) return [];
    const values = at(field, "values") ?? null;
    const only = isList(values) && values.length === 1 ? values[0] : undefined;
    const path = `lead.field_data.${index}.values${only === undefined ? "" : ".0"}`;
    return [{ path, key: name, field: standardNames.get(name), value: only ?? values }];
  });
}

/** What the Lead Ads Testing Tool fills in: `<test lead: dummy data for full_name>`. */
function isDummy({ value }: Answer): boolean {
  const texts: readonly JsonValue[] = isList(value) ? value : [value];
  return texts.some((text) => typeof text === "string" && /^\s*<test lead: dummy data/i.test(text));
}
