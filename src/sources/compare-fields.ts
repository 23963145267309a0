import type { FieldValue } from "../contact/contact-patch.ts";
import { caseless, coerceCustomValue, type CustomFieldType } from "../contact/custom-field.ts";
import { fitValue, shownOptions } from "../contact/field-fit.ts";
import type { FoundField, WorkspaceField, WorkspaceFields } from "../contact/workspace-field.ts";
import { closest, didYouMean } from "./closest.ts";
import type { CustomRule } from "./field-mapping.ts";

/** What a person should know of a field of a map and the workspace's. A `problem` is refused by the API. */
export interface FieldNote {
  readonly level: "problem" | "warning";
  readonly message: string;
}

/** A value that the map has made, and of what. */
export interface SeenValue {
  readonly value: FieldValue;
  /** `the example "a"`, `the sample orders/create`. */
  readonly from: string;
  /** An example is the operator's own, and its values will come; a sample only shows how they may look. */
  readonly level: FieldNote["level"];
}

/**
 * Compares a custom field of a source's map with the workspace's, as far as can be told before anything comes.
 *
 * @param mends whether values in another notation are made to fit before they are sent (`AELYST_FIELDS=check`)
 */
export function compareField(
  rule: CustomRule,
  fields: WorkspaceFields,
  seen: readonly SeenValue[],
  mends: boolean,
): readonly FieldNote[] {
  const found = fields.find(rule.name);
  if (!found) return [missing(rule.name, fields)];
  const { field } = found;
  const notes = aboutName(found);
  if (field.type === undefined) return notes;
  const type = aboutType(rule.type, field.type, mends);
  if (type) notes.push(type);
  // Every value would be told for the same reason.
  if (type?.level === "problem") return notes;
  notes.push(...aboutOptions(rule, field, mends));
  const told = new Set(rule.rules.options);
  for (const { value, from, level } of [...constantsOf(rule), ...seen]) {
    if (typeof value === "string" && told.has(value)) continue;
    const note = aboutValue(value, field, mends);
    if (note === undefined) continue;
    told.add(String(value));
    notes.push({ level, message: `${shown(value)} (${from}) would be refused: ${note}` });
  }
  return notes;
}

function missing(name: string, fields: WorkspaceFields): FieldNote {
  if (!fields.complete) {
    return { level: "warning", message: "is not among the fields that could be read, which are not all" };
  }
  const names = fields.all.map((field) => field.name);
  const near = names.find((known) => caseless(known) === caseless(name)) ?? closest(name, names);
  const hint = near === undefined ? didYouMean(name, names) : `; did you mean "${near}"?`;
  return { level: "problem", message: `the workspace has no custom field of this name${hint}` };
}

function aboutName({ field, by }: FoundField): FieldNote[] {
  if (by === "name") return [];
  const message = `is the ${by} of the workspace's field "${field.name}": write its name, by which the API documents it`;
  return [{ level: "warning", message }];
}

/** What the API takes: a JSON number, a JSON boolean, or a text of some kind. */
const kinds: Readonly<Record<CustomFieldType, "number" | "boolean" | "text">> = {
  text: "text",
  number: "number",
  email: "text",
  url: "text",
  list: "text",
  date: "text",
  time: "text",
  checkbox: "boolean",
};

/** Texts in a notation of their own; what is made for one of them never is in that of another. */
const notations: readonly CustomFieldType[] = ["date", "time", "email", "url"];

function aboutType(mapped: CustomFieldType, type: CustomFieldType, mends: boolean): FieldNote | undefined {
  if (mapped === type) return undefined;
  const what = `is ${named[type]} in the workspace, and ${named[mapped]} in the map`;
  const say = `say \`type: ${type}\``;
  if (kinds[mapped] !== kinds[type]) {
    // Numbers and checkboxes as texts can be written anew without a guess; some texts as numbers too.
    const isMended =
      mends && (kinds[mapped] === "text" || kinds[type] === "text") && !notations.includes(type);
    return isMended
      ? { level: "warning", message: `${what}: only what is plainly one is sent as one; ${say}` }
      : { level: "problem", message: `${what}: every value would be refused; ${say}` };
  }
  if (notations.includes(mapped) && notations.includes(type)) {
    return { level: "problem", message: `${what}: every value would be refused; ${say}` };
  }
  if (mapped === "text" && (type === "date" || type === "time")) {
    const notation = type === "date" ? "yyyy-mm-dd" : "HH:MM";
    return { level: "warning", message: `${what}: only texts like ${notation} would be taken; ${say}` };
  }
  return undefined;
}

const named: Readonly<Record<CustomFieldType, string>> = {
  text: "a text",
  number: "a number",
  email: "an e-mail",
  url: "a URL",
  list: "a list",
  date: "a date",
  time: "a time",
  checkbox: "a checkbox",
};

/** The map's own options, each of which is a value that will come. */
function aboutOptions({ rules }: CustomRule, field: WorkspaceField, mends: boolean): readonly FieldNote[] {
  return (rules.options ?? []).flatMap((option): FieldNote[] => {
    const fit = fitValue(option, field);
    if (fit.kind === "fits") return [];
    if (field.type !== "list" || !field.options) {
      const why = fit.kind === "unfit" ? fit.why : "it is written otherwise there";
      return [{ level: "problem", message: `the option ${shown(option)} would be refused: ${why}` }];
    }
    if (fit.kind === "made-to-fit") {
      const message = `the option ${shown(option)} is ${shown(fit.value)} in the workspace: write it so`;
      return [{ level: mends ? "warning" : "problem", message }];
    }
    const hint = didYouMean(option, field.options);
    const message = `the workspace's list has no option ${shown(option)}; ${shownOptions(field.options)}${hint}`;
    return [{ level: "problem", message }];
  });
}

function constantsOf({ expression, type, rules }: CustomRule): readonly SeenValue[] {
  return expression.possible().flatMap((possible): SeenValue[] => {
    const read = coerceCustomValue(possible, type, rules);
    return read.ok ? [{ value: read.value, from: "a value of the map", level: "problem" }] : [];
  });
}

/** Why a value would be refused; undefined when it would not. */
function aboutValue(value: FieldValue, field: WorkspaceField, mends: boolean): string | undefined {
  const fit = fitValue(value, field);
  if (fit.kind === "fits" || (fit.kind === "made-to-fit" && mends)) return undefined;
  return fit.kind === "unfit" ? fit.why : `the workspace has it as ${shown(fit.value)}`;
}

const shownCharactersMax = 60;

function shown(value: FieldValue): string {
  const text = JSON.stringify(value);
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax - 1).toWellFormed()}…` : text;
}
