import { customField, type CoreField, type FieldName, type FieldValue } from "../contact/contact-patch.ts";
import { contactRef } from "../contact/contact-ref.ts";
import { coerceCustomValue, type Writing } from "../contact/custom-field.ts";
import type { RelayEvent } from "../contact/event.ts";
import { accepted, refused } from "../contact/normalized.ts";
import {
  isAbsent,
  normalizeCoreField,
  parseRegion,
  readPhone,
  type Normalized,
  type RegionCode,
} from "../contact/normalize.ts";
import type { JsonValue } from "../providers/provider.ts";
import type { Evaluation, EventBinding, Expression } from "./expression.ts";
import type { ChangingIdentifier, FieldMapping } from "./field-mapping.ts";
import type { NamedCountry } from "./phone-country.ts";

/** A value as it is to be taken. `note`: what a person should know of how it was read; `warning`: what was left out of it. */
export type Taken<Value> = Normalized<Value> & { readonly note?: string; readonly warning?: string };

/** A phone number read in the country that the payload names for it, or in the region. */
function phoneIn(
  value: unknown,
  region: RegionCode | undefined,
  country: NamedCountry | undefined,
): Taken<string> {
  const read = readPhone(value, region, country && parseRegion(country.code));
  if (!read.ok) return read;
  const { readIn, value: phone, others } = read;
  const warning =
    others === undefined ? {} : { warning: `the text holds more than one number: ${others} is not taken` };
  if (readIn === undefined) return { ...accepted(phone), ...warning };
  const why = country?.code === readIn ? `the country ${country.from}` : "the region of the source";
  return { ...accepted(phone), note: `read as a number in ${readIn}, ${why}`, ...warning };
}

/** A value of a core field; `region` and `country` are those of a phone number without a country code. */
export function readCoreField(
  field: CoreField,
  value: unknown,
  region: RegionCode | undefined,
  country: NamedCountry | undefined,
): Taken<string> {
  return field === "phone" ? phoneIn(value, region, country) : normalizeCoreField(field, value, region);
}

/** What a rule makes: a field, the contact's id, or what an identifier was before. */
export type RuleField = FieldName | "id" | `was.${ChangingIdentifier}`;

/** How one value of the update is made. */
export interface Rule {
  readonly field: RuleField;
  readonly expression: Expression;
  readonly clear: boolean;
  readonly normalize: (value: unknown, country: NamedCountry | undefined) => Taken<FieldValue>;
}

/** In which region the source's phone numbers are read, those of before too: the field's own, else the source's. */
export function phoneRegionOf(
  { core }: FieldMapping,
  region: RegionCode | undefined,
): RegionCode | undefined {
  const rule = core.get("phone");
  return (rule === "removed" ? undefined : rule?.region) ?? region;
}

/** The rules of a source's own `map`. */
export function rulesOf(mapping: FieldMapping, region: RegionCode | undefined, writing: Writing): Rule[] {
  const rules: Rule[] = [];
  const phoneRegion = phoneRegionOf(mapping, region);
  for (const [field, rule] of mapping.core) {
    if (rule === "removed") continue;
    const { expression, clear } = rule;
    const normalize: Rule["normalize"] = (value, country) =>
      readCoreField(field, value, phoneRegion, country);
    rules.push({ field, expression, clear, normalize });
  }
  for (const { name, expression, clear, type, rules: own } of mapping.custom) {
    const { dates = writing.dates, decimal = writing.decimal } = own;
    const normalize = (value: unknown) => coerceCustomValue(value, type, { ...own, dates, decimal });
    rules.push({ field: customField(name), expression, clear, normalize });
  }
  if (mapping.id) rules.push({ field: "id", expression: mapping.id, clear: false, normalize: normalizeId });
  for (const [kind, expression] of mapping.was) {
    const normalize: Rule["normalize"] = (value, country) => readCoreField(kind, value, phoneRegion, country);
    rules.push({ field: `was.${kind}`, expression, clear: false, normalize });
  }
  return rules;
}

function normalizeId(value: unknown): Normalized<string> {
  const ref = contactRef("id", value);
  return ref === undefined ? refused(value, "is not the id of a contact") : accepted(ref);
}

/** What a rule has found in the payload. */
export interface Evaluated {
  readonly rule: Rule;
  readonly value: Exclude<Found, { kind: "stopped" }>;
}

/** The source's own `map`, one expression after the other, so that each has its time for itself. */
export async function evaluateRules(
  rules: readonly Rule[],
  event: RelayEvent,
  root: JsonValue,
): Promise<{ ok: true; found: readonly Evaluated[] } | { ok: false; message: string }> {
  if (rules.length === 0) return { ok: true, found: [] };
  const binding = bindingOf(event);
  const found: Evaluated[] = [];
  for (const rule of rules) {
    const value = read(await rule.expression.evaluate(root, binding));
    if (value.kind === "stopped") {
      return { ok: false, message: `the mapping of ${rule.field} was stopped: ${value.message}` };
    }
    found.push({ rule, value });
  }
  return { ok: true, found };
}

/** The country that the source's own mapping gives, if it has one for it. */
export function countryOf(found: readonly Evaluated[]): NamedCountry | undefined {
  const own = found.find(({ rule }) => rule.field === "countryCode");
  if (own?.value.kind !== "present") return undefined;
  const normalized = own.rule.normalize(own.value.value, undefined);
  return normalized.ok && typeof normalized.value === "string"
    ? { code: normalized.value, from: "given by the source's map" }
    : undefined;
}

/** Whether a rule makes a field of the contact. */
export function isPatched(field: RuleField): field is FieldName {
  return field !== "id" && field !== "was.phone" && field !== "was.email";
}

type Found =
  Exclude<Evaluation, { kind: "value" }> | { kind: "present"; value: unknown } | { kind: "absent" };

function read(evaluation: Evaluation): Found {
  if (evaluation.kind !== "value") return evaluation;
  const value = unwrapped(evaluation.value);
  return isAbsent(value) ? { kind: "absent" } : { kind: "present", value };
}

/** JSONata's sequences: absent items are none, and one item is that item. */
function unwrapped(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const present = value.filter((item: unknown) => !isAbsent(item));
  return present.length <= 1 ? present[0] : present;
}

/** What `$event` is in an expression. */
export function bindingOf(event: RelayEvent): EventBinding {
  const { id, type, source, attributes } = event;
  const occurredAt = new Date(event.occurredAt).toISOString();
  return { id, type, source, attributes, occurredAt, receivedAt: new Date(event.receivedAt).toISOString() };
}
