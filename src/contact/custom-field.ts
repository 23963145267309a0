import { readDate, readTime } from "./calendar.ts";
import type { FieldValue } from "./contact-patch.ts";
import { isAbsent, isDottedDomain, normalizeEmail, normalizeText, normalizeUrl } from "./normalize.ts";
import { accepted, refused, shortText, type Normalized } from "./normalized.ts";
import { readNumber } from "./number.ts";

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

const checked = new Set(["on", "yes", "true", "1", "checked"]);
const unchecked = new Set(["off", "no", "false", "0", "unchecked"]);
const valueLengthMax = 2048;

/**
 * A value as the API wants it for a custom field of `type`; what does not fit is refused, never guessed.
 *
 * @param options of a `list`: the value must be one of them, case aside
 */
export function coerceCustomValue(
  value: unknown,
  type: CustomFieldType,
  options?: readonly string[],
): Normalized<FieldValue> {
  return coercions[type](value, options);
}

type Coercion = (value: unknown, options: readonly string[] | undefined) => Normalized<FieldValue>;

const coercions: Readonly<Record<CustomFieldType, Coercion>> = {
  text: toText,
  number: readNumber,
  email: normalizeEmail,
  url: toUrl,
  list: toOption,
  date: readDate,
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

function toOption(value: unknown, options: readonly string[] | undefined): Normalized<string> {
  if (Array.isArray(value) && value.length > 1) return refused(value, "is more than one option");
  const text = normalizeText(Array.isArray(value) ? value[0] : value);
  if (!text.ok || options === undefined) return text;
  const option =
    options.find((option) => option.trim() === text.value) ??
    options.find((option) => caseless(option) === caseless(text.value));
  return option === undefined ? refused(text.value, "is none of the options") : accepted(option);
}

function caseless(text: string): string {
  return text.normalize("NFC").trim().toLowerCase();
}

function toCheckbox(value: unknown): Normalized<boolean> {
  if (typeof value === "boolean") return accepted(value);
  const word = typeof value === "number" ? String(value) : shortText(value, valueLengthMax)?.toLowerCase();
  if (word !== undefined && checked.has(word)) return accepted(true);
  if (word !== undefined && unchecked.has(word)) return accepted(false);
  return refused(value, "is neither checked nor unchecked");
}
