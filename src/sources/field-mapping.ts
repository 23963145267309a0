import { coreFields, type CoreField } from "../contact/contact-patch.ts";
import { customFieldTypes, type CustomFieldType } from "../contact/custom-field.ts";
import { parseRegion, type RegionCode } from "../contact/normalize.ts";
import { didYouMean } from "./closest.ts";
import { compileExpression, type Expression } from "./expression.ts";
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
  readonly options: readonly string[] | undefined;
  readonly clear: boolean;
}

/** A source's own `map`. */
export interface FieldMapping {
  /** `removed`: the provider's own candidates for this field are not taken either. */
  readonly core: ReadonlyMap<CoreField, CoreRule | "removed">;
  /** Gives the contact's id, which names the contact and is no field of it. */
  readonly id: Expression | undefined;
  readonly custom: readonly CustomRule[];
}

export const noMapping: FieldMapping = { core: new Map(), id: undefined, custom: [] };

const mapKeys = [...coreFields, "id", "custom_fields"] as const;
/** The entries of a `map:` as they stand in the file, the wrong ones too. */
export type MapEntries = ReadonlyMap<(typeof mapKeys)[number], Entry>;
const valueKeys = ["value", "type", "region", "options", "clear"] as const;
type ValueKey = (typeof valueKeys)[number];

/** Compiles a `map:`; every mistake is reported to the file, what is right is kept. */
export function readFieldMapping(
  file: YamlFile,
  at: Located,
): { mapping: FieldMapping; entries: MapEntries } {
  const entries = file.fields(at, mapKeys);
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
    custom: custom ? file.entries(custom.value).flatMap((entry) => readCustomRule(file, entry) ?? []) : [],
  };
  return { mapping, entries };
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
  const value = readValue(file, entry.value, "a custom field", ["type", "options", "clear"]);
  if (!value) return undefined;
  const { expression, entries } = value;
  const typeAt = entries.get("type")?.value;
  const type = typeAt === undefined ? "text" : readType(file, typeAt);
  const optionsAt = entries.get("options");
  const options = optionsAt && readOptions(file, optionsAt.value);
  if (type === "list" && optionsAt === undefined) {
    file.report(entry.key, "is a list without `options`: name the options the workspace has");
  }
  if (type !== "list" && type !== undefined && optionsAt !== undefined) {
    file.report(optionsAt.key, "is only for `type: list`");
  }
  const clear = readClear(file, entries);
  return expression && type && { name, expression, type, options, clear };
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
  const entries = file.fields(at, valueKeys);
  for (const [name, entry] of entries) {
    if (name !== "value" && !allowed.includes(name)) file.report(entry.key, `is not for ${what}`);
  }
  const value = entries.get("value");
  if (!value) {
    file.report(at, "needs a `value`: a JSONata expression");
    return undefined;
  }
  return { expression: readExpression(file, value.value), entries };
}

/** A number or a boolean stands for itself, an integer beyond what a number holds as its digits. */
function readExpression(file: YamlFile, at: Located): Expression | undefined {
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
  return at !== undefined && file.boolean(at) === true;
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

/** Options as texts; a number or a boolean is taken as it is printed. */
function readOptions(file: YamlFile, at: Located): readonly string[] {
  const items = file.items(at);
  if (items.length === 0) file.report(at, "is an empty list");
  const options = new Set<string>();
  for (const item of items) {
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
