import type { FieldValue } from "./contact-patch.ts";
import { caseless, coerceCustomValue, type CustomFieldType } from "./custom-field.ts";
import { readNumber } from "./number.ts";
import type { WorkspaceField, WorkspaceFields } from "./workspace-field.ts";

/** Whether the workspace can take a value, and as what. */
export type FieldFit =
  | { readonly kind: "fits"; readonly value: FieldValue }
  /** The same value in the notation that the field has. */
  | { readonly kind: "made-to-fit"; readonly value: FieldValue }
  /** `why` follows the field's name, and holds no value. */
  | { readonly kind: "unfit"; readonly why: string };

const optionsShown = 12;

/** Judges a value of the custom field of this name. Where the workspace tells too little, it fits. */
export function fitField(name: string, value: FieldValue, fields: WorkspaceFields): FieldFit {
  const found = fields.find(name);
  if (!found) {
    return fields.complete
      ? { kind: "unfit", why: "the workspace has no such custom field" }
      : { kind: "fits", value };
  }
  return fitValue(value, found.field);
}

/** What clears a field fits every one. */
export function fitValue(value: FieldValue, field: WorkspaceField): FieldFit {
  if (value === null || field.type === undefined) return { kind: "fits", value };
  if (field.type === "list") return fitOption(value, field.options);
  const made = notations[field.type](value);
  if (made === undefined) return { kind: "unfit", why: expectations[field.type] };
  return { kind: made === value ? "fits" : "made-to-fit", value: made };
}

type Exact = Exclude<FieldValue, null>;

/**
 * The value in the API's notation, or undefined. Only what nobody can read in two ways is written anew: what mapping makes of
 * a JSON number or boolean without a `type`, and back.
 */
const notations: Readonly<
  Record<Exclude<CustomFieldType, "list">, (value: Exact) => FieldValue | undefined>
> = {
  text: String,
  number: (value) => (typeof value === "string" ? plainNumber(value) : numberOf(value)),
  checkbox: (value) => (typeof value === "string" ? booleans.get(value) : booleanOf(value)),
  date: (value) => unchanged(value, "date"),
  time: (value) => unchanged(value, "time"),
  email: (value) => unchanged(value, "email"),
  url: (value) => (isPlainUrl(value) ? unchanged(value, "url") : undefined),
};

/** With a dotted host and without a user, as the API's page shows them. */
function isPlainUrl(value: Exact): boolean {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(String(value)) ? String(value) : `https://${value}`;
  if (!URL.canParse(absolute)) return false;
  const { hostname, username } = new URL(absolute);
  return username === "" && /[^.]\.[^.]/.test(hostname);
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

const expectations: Readonly<Record<Exclude<CustomFieldType, "list">, string>> = {
  text: "it is a text in the workspace",
  number: "it is a number in the workspace: say `type: number` in the map",
  checkbox: "it is a checkbox in the workspace: say `type: checkbox` in the map",
  date: "it is a date in the workspace (yyyy-mm-dd): say `type: date` in the map",
  time: "it is a time in the workspace (HH:MM): say `type: time` in the map",
  email: "it is an e-mail in the workspace",
  url: "it is a URL in the workspace",
};

function numberOf(value: number | boolean): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function booleanOf(value: number | boolean): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** A text as JSON writes a number, and that is one number to everybody: not `12.500`, `1,5` or `007`. */
function plainNumber(text: string): number | undefined {
  if (!/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/.test(text)) return undefined;
  const read = readNumber(text);
  return read.ok ? read.value : undefined;
}

/** A text that mapping by this type would leave as it is, the case of an e-mail aside. */
function unchanged(value: Exact, type: CustomFieldType): FieldValue | undefined {
  if (typeof value !== "string") return undefined;
  const read = coerceCustomValue(value, type);
  if (!read.ok || typeof read.value !== "string") return undefined;
  const isSame = type === "email" ? read.value.toLowerCase() === value.toLowerCase() : read.value === value;
  return isSame ? value : undefined;
}

/** An option is sent as the workspace spells it. In another case, or with spaces around, it has to be one option's alone. */
function fitOption(value: Exact, options: readonly string[] | undefined): FieldFit {
  const text = String(value);
  if (options === undefined) {
    return typeof value === "string" ? { kind: "fits", value } : { kind: "made-to-fit", value: text };
  }
  if (options.includes(text)) {
    return { kind: text === value ? "fits" : "made-to-fit", value: text };
  }
  const alike = options.filter((option) => caseless(option) === caseless(text));
  const [only, ...others] = alike;
  if (only !== undefined && others.length === 0) return { kind: "made-to-fit", value: only };
  const why =
    only === undefined
      ? "the workspace's list has no such option"
      : "the workspace's list has several options that differ from it in case alone";
  return { kind: "unfit", why: `${why}; ${shownOptions(options)}` };
}

/** As many as a person reads. */
export function shownOptions(options: readonly string[]): string {
  const more = options.length - optionsShown;
  return `it has ${options.slice(0, optionsShown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
