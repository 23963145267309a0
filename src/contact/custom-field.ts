import { readDate, readTime, type DateOrder } from "./calendar.ts";
import type { FieldValue } from "./contact-patch.ts";
import { isAbsent, isDottedDomain, normalizeEmail, normalizeText, normalizeUrl } from "./normalize.ts";
import { accepted, refused, shortText, type Normalized } from "./normalized.ts";
import { readNumber, type DecimalMark } from "./number.ts";

/** The types of custom fields, as the API's page lists them. */
export const customFieldTypes = [
  "text",
  "number",
  "email",
  "url",
  "list",
  "date",
  "time",
  "checkbox",
] as const;
export type CustomFieldType = (typeof customFieldTypes)[number];

const checked = new Set(
  "on yes y true 1 checked ya betul benar sí si sim ja oui ☑ ☒ ✓ ✔ ✔\ufe0f ✅ 🗹".split(" "),
);
const unchecked = new Set("off no n false 0 unchecked tidak não nao nein non ☐ ✗ ✘ ❌".split(" "));
const valueLengthMax = 2048;
const proposedLengthMax = 60;

/** What one source writes one way and nobody can see from one value. */
export interface Writing {
  readonly dates?: DateOrder | undefined;
  readonly decimal?: DecimalMark | undefined;
}

export interface CustomValueRules extends Writing {
  /** Of a `list`: the value must be one of them, case aside. */
  readonly options?: readonly string[] | undefined;
  /** Of a `checkbox`: texts that mean checked, such as the label that a consent box sends. */
  readonly checked?: readonly string[] | undefined;
  readonly unchecked?: readonly string[] | undefined;
}

/** A value as the API wants it for a custom field of `type`; what does not fit is refused, never guessed. */
export function coerceCustomValue(
  value: unknown,
  type: CustomFieldType,
  rules: CustomValueRules = {},
): Normalized<FieldValue> {
  return coercions[type](value, rules);
}

type Coercion = (value: unknown, rules: CustomValueRules) => Normalized<FieldValue>;

const coercions: Readonly<Record<CustomFieldType, Coercion>> = {
  text: toText,
  number: (value, { decimal }) => readNumber(value, decimal),
  email: normalizeEmail,
  url: toUrl,
  list: toOption,
  date: (value, { dates }) => readDate(value, dates),
  time: readTime,
  checkbox: toCheckbox,
};

function toText(value: unknown): Normalized<string> {
  if (!Array.isArray(value)) return normalizeText(value);
  const parts: string[] = [];
  for (const item of value) {
    if (isAbsent(item)) continue;
    const part = normalizeText(item);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  return normalizeText(parts.join(", "));
}

/** With a scheme or without, as the API's page allows: `www.website.com`, `https://…`, `website.com/path`. */
function toUrl(value: unknown): Normalized<string> {
  const text = shortText(value, valueLengthMax);
  if (text === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return normalizeUrl(value);
  const host = /^[^/?#:\s]+/.exec(text)?.[0] ?? "";
  const bare = normalizeUrl(`https://${text}`);
  return bare.ok && isDottedDomain(host) && !/\s/.test(text)
    ? accepted(bare.value.slice("https://".length))
    : refused(value, "is not a URL");
}

function toOption(value: unknown, { options }: CustomValueRules): Normalized<string> {
  if (Array.isArray(value) && value.length > 1) return refused(value, "is more than one option");
  const text = normalizeText(Array.isArray(value) ? value[0] : value);
  if (!text.ok || options === undefined) return text;
  const option =
    options.find((option) => option.trim() === text.value) ??
    options.find((option) => caseless(option) === caseless(text.value));
  return option === undefined ? refused(text.value, "is none of the options") : accepted(option);
}

/** What two texts of a form share that differ in case alone. */
export function caseless(text: string): string {
  return text.normalize("NFC").trim().toLowerCase();
}

function toCheckbox(value: unknown, rules: CustomValueRules): Normalized<boolean> {
  if (typeof value === "boolean") return accepted(value);
  const [one, ...others] = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (typeof one === "boolean" && others.length === 0) return accepted(one);
  const text = typeof one === "number" ? String(one) : shortText(one, valueLengthMax);
  if (text === undefined || others.length > 0) return refused(value, "is neither checked nor unchecked");
  const word = caseless(text);
  const isNamed = (names: readonly string[] | undefined) => names?.some((name) => caseless(name) === word);
  if (isNamed(rules.checked)) return accepted(true);
  if (isNamed(rules.unchecked)) return accepted(false);
  if (checked.has(word)) return accepted(true);
  if (unchecked.has(word)) return accepted(false);
  const proposed = text.length > proposedLengthMax ? "…" : text;
  const why = `is neither checked nor unchecked: if it is what a checked box sends, say \`checked: [${JSON.stringify(proposed)}]\``;
  return refused(value, why);
}
