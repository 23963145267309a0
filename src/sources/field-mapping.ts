import { coreFields, type CoreField } from "../contact/contact-patch.ts";
import { dateOrders } from "../contact/calendar.ts";
import {
  caseless,
  customFieldTypes,
  type CustomFieldType,
  type CustomValueRules,
  type Writing,
} from "../contact/custom-field.ts";
import { decimalMarks } from "../contact/number.ts";
import { parseRegion, type RegionCode } from "../contact/normalize.ts";
import { didYouMean } from "./closest.ts";
import { compileExpression, type Expression } from "./expression.ts";
import { isValueKey, keysOfType, objectKeys, type KeysOf, type mapSchema } from "./schema.ts";
import type { Entry, Located, YamlFile } from "./yaml-file.ts";

export interface CoreRule {
  readonly expression: Expression;
  /** Of a phone number without a country code; undefined = the source's own. */
  readonly region: RegionCode | undefined;
  /** A value that is absent is sent as null. */
  readonly clear: boolean;
}

export interface CustomRule {
  readonly name: string;
  readonly expression: Expression;
  readonly type: CustomFieldType;
  readonly rules: CustomValueRules;
  readonly clear: boolean;
}

/** A source's own `map`. */
export interface FieldMapping {
  /** `removed`: the provider's own candidates for this field are not taken either. */
  readonly core: ReadonlyMap<CoreField, CoreRule | "removed">;
  /** Gives the contact's id, which names the contact and is no field of it. */
  readonly id: Expression | undefined;
  /** Give what the contact was named by before: the API knows it by that. */
  readonly was: ReadonlyMap<ChangingIdentifier, Expression>;
  readonly custom: readonly CustomRule[];
}

export const noMapping: FieldMapping = { core: new Map(), id: undefined, was: new Map(), custom: [] };

/** The identifiers that are fields as well, and so can change. */
export const changingIdentifiers = ["phone", "email"] as const;
export type ChangingIdentifier = (typeof changingIdentifiers)[number];

/** The entries of a `map:` as they stand in the file, the wrong ones too. */
export type MapEntries = ReadonlyMap<KeysOf<typeof mapSchema>, Entry>;
type ValueKey = "value" | "clear" | "type" | "region" | keyof typeof keysOfType;

/** Compiles a `map:`; every mistake is reported to the file, what is right is kept. */
export function readFieldMapping(
  file: YamlFile,
  at: Located,
): { mapping: FieldMapping; entries: MapEntries } {
  const entries: MapEntries = file.fields(at);
  const core = new Map<CoreField, CoreRule | "removed">();
  for (const field of coreFields) {
    const entry = entries.get(field);
    const rule = entry && readCoreRule(file, field, entry.value);
    if (rule !== undefined) core.set(field, rule);
  }
  const id = entries.get("id");
  const custom = entries.get("custom_fields");
  const mapping = {
    core,
    id: id && readValue(file, id.value, "the contact's id", [])?.expression,
    was: readWas(file, entries.get("was")),
    custom: custom ? file.entries(custom.value).flatMap((entry) => readCustomRule(file, entry) ?? []) : [],
  };
  return { mapping, entries };
}

function readWas(file: YamlFile, entry: Entry | undefined): FieldMapping["was"] {
  const was = new Map<ChangingIdentifier, Expression>();
  const entries: ReadonlyMap<ChangingIdentifier, Entry> = entry ? file.fields(entry.value) : new Map();
  for (const kind of changingIdentifiers) {
    const former = entries.get(kind);
    const expression = former && readValue(file, former.value, "a former identifier", [])?.expression;
    if (expression) was.set(kind, expression);
  }
  return was;
}

function readCoreRule(file: YamlFile, field: CoreField, at: Located): CoreRule | "removed" | undefined {
  if (file.isNull(at)) return "removed";
  const value = readValue(
    file,
    at,
    `the field ${field}`,
    field === "phone" ? ["region", "clear"] : ["clear"],
  );
  if (!value) return undefined;
  const { expression, entries } = value;
  const clear = readClear(file, entries);
  if (clear && field === "firstName") {
    file.report(entries.get("clear")?.value ?? at, "firstName can never be cleared");
  }
  const regionAt = entries.get("region")?.value;
  const region = regionAt && readRegion(file, regionAt);
  return expression && { expression, region, clear };
}

function readCustomRule(file: YamlFile, entry: Entry): CustomRule | undefined {
  const { name } = entry;
  if (name.trim() === "" || name !== name.toWellFormed() || /\p{Cc}/u.test(name)) {
    file.report(entry.key, "is no name of a custom field");
  }
  const value = readValue(file, entry.value, "a custom field", ["type", "clear", ...objectKeys(keysOfType)]);
  if (!value) return undefined;
  const { expression, entries } = value;
  const typeAt = entries.get("type")?.value;
  const type = typeAt === undefined ? "text" : readType(file, typeAt);
  if (type === "list" && !entries.has("options")) {
    file.report(entry.key, "is a list without `options`: name the options the workspace has");
  }
  for (const key of objectKeys(keysOfType)) {
    const setting = entries.get(key);
    if (setting && type !== undefined && type !== keysOfType[key]) {
      file.report(setting.key, `is only for \`type: ${keysOfType[key]}\``);
    }
  }
  const textsAt = (key: "options" | "checked" | "unchecked") => {
    const setting = entries.get(key);
    return setting && readTexts(file, setting.value);
  };
  const [checked, unchecked] = [textsAt("checked"), textsAt("unchecked")];
  const twice = unchecked?.find((text) => checked?.some((other) => caseless(other) === caseless(text)));
  if (twice !== undefined) {
    file.report(entries.get("unchecked")?.key ?? entry.key, `names "${twice}", which \`checked\` names too`);
  }
  const rules = {
    options: textsAt("options"),
    checked,
    unchecked,
    ...readWriting(file, entries),
  };
  const clear = readClear(file, entries);
  return expression && type && { name, expression, type, rules, clear };
}

interface ReadValue {
  /** Undefined when it is missing or wrong, which has been reported. */
  readonly expression: Expression | undefined;
  readonly entries: ReadonlyMap<ValueKey, Entry>;
}

/** An expression alone, or `{ value: expression, … }`. */
function readValue(
  file: YamlFile,
  at: Located,
  what: string,
  allowed: readonly ValueKey[],
): ReadValue | undefined {
  if (!file.isMapping(at)) return { expression: readExpression(file, at), entries: new Map() };
  const entries: ReadonlyMap<ValueKey, Entry> = file.fields(at);
  for (const [name, entry] of entries) {
    if (isValueKey(name) && name !== "value" && !allowed.includes(name))
      file.report(entry.key, `is not for ${what}`);
  }
  const value = entries.get("value");
  return value && { expression: readExpression(file, value.value), entries };
}

/** A number or a boolean stands for itself, an integer beyond what a number holds as its digits. */
export function readExpression(file: YamlFile, at: Located): Expression | undefined {
  const scalar = file.scalar(at);
  const isLiteral = typeof scalar === "boolean" || (typeof scalar === "number" && Number.isFinite(scalar));
  const literal = typeof scalar === "bigint" ? `"${scalar}"` : isLiteral ? String(scalar) : undefined;
  const source = literal ?? file.text(at, "expression");
  if (source === undefined) return undefined;
  const compiled = compileExpression(source);
  if (compiled.ok) return compiled.expression;
  file.report(at, compiled.message);
  return undefined;
}

function readClear(file: YamlFile, entries: ReadonlyMap<ValueKey, Entry>): boolean {
  const at = entries.get("clear")?.value;
  return at !== undefined && file.scalar(at) === true;
}

function readType(file: YamlFile, at: Located): CustomFieldType | undefined {
  const text = file.text(at);
  if (text === undefined) return undefined;
  const type = customFieldTypes.find((known) => known === text);
  if (type === undefined) {
    const hint = didYouMean(text, customFieldTypes);
    file.report(at, `"${text}" is no type of a custom field (${customFieldTypes.join(", ")})${hint}`);
  }
  return type;
}

/** How a source, or one value of it, writes dates and numbers. */
export function readWriting(file: YamlFile, entries: ReadonlyMap<string, Pick<Entry, "value">>): Writing {
  const one = <Known extends string>(key: string, known: readonly Known[], what: string) => {
    const at = entries.get(key)?.value;
    const text = at && file.text(at);
    if (!at || text === undefined) return undefined;
    const found = known.find((one) => one === text);
    if (found === undefined) {
      const names = known.map((one) => JSON.stringify(one)).join(", ");
      // Marks are no words: none of them is nearer than another.
      const hint = /[a-z]/.test(names) ? didYouMean(text, known) : "";
      file.report(at, `"${text}" is no ${what} (${names})${hint}`);
    }
    return found;
  };
  return {
    dates: one("dates", dateOrders, "order of day, month and year"),
    decimal: one("decimal", decimalMarks, "mark before a fraction"),
  };
}

/** Texts; a number or a boolean is taken as it is printed. */
function readTexts(file: YamlFile, at: Located): readonly string[] {
  const options = new Set<string>();
  for (const item of file.items(at)) {
    const scalar = file.scalar(item);
    const isPrinted = ["number", "bigint", "boolean"].includes(typeof scalar);
    const option = isPrinted ? String(scalar) : file.text(item);
    if (option === undefined) continue;
    if (options.has(option)) file.report(item, "is named twice");
    options.add(option);
  }
  return [...options];
}

/** A country whose phone numbers may be written without a country code. */
export function readRegion(file: YamlFile, at: Located): RegionCode | undefined {
  const text = file.text(at);
  if (text === undefined) return undefined;
  const region = parseRegion(text);
  if (region === undefined) {
    file.report(at, `"${text}" is no country of phone numbers: two letters are expected, as in MY`);
  }
  return region;
}
