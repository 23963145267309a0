import { coreFields, type FieldValue } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { CustomFieldType } from "../contact/custom-field.ts";
import { normalizeCountry, normalizeLanguage } from "../contact/normalize.ts";

/** A custom field of the workspace. */
export interface CustomFieldRule {
  readonly type: CustomFieldType;
  readonly options?: readonly string[] | undefined;
  /** Another name of it, which clients of the API were seen to write by. */
  readonly slug?: string | undefined;
}

export interface WorkspaceRules {
  /** Custom fields that exist; undefined: any name is taken, as whatever its value looks like. */
  readonly customFields: Readonly<Record<string, CustomFieldRule>> | undefined;
  readonly requireFirstName: boolean;
}

/** The changes of a valid body, custom fields by name. `message` is what the API would say. */
export type Validated =
  | { ok: true; core: Map<string, FieldValue>; custom: Map<string, FieldValue> }
  | { ok: false; message: string };

const validationError = "Validation error.";

/** `id:123`, `email:…`, `phone:+…` as a path segment, percent-encoded once; undefined when it is none of them. */
export function readIdentifier(segment: string): ContactRef | undefined {
  try {
    return identifierOf(decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

/** What is sent has to be in its one notation already, the case of an e-mail aside. */
export function identifierOf(text: string): ContactRef | undefined {
  const value = text.slice(text.indexOf(":") + 1);
  switch (text.slice(0, text.length - value.length)) {
    case "id:":
      return /^[1-9][0-9]*$/.test(value) && Number.isSafeInteger(Number(value)) ? `id:${value}` : undefined;
    case "phone:":
      return isPhone(value) ? `phone:${value}` : undefined;
    case "email:":
      return isEmail(value) ? `email:${value.toLowerCase()}` : undefined;
    default:
      return undefined;
  }
}

// The rules below are written for themselves: with the relay's own normalizing a sandbox could not find it wrong.

/** E.164. */
function isPhone(text: string): boolean {
  return /^\+[1-9][0-9]{6,14}$/.test(text);
}

function isEmail(text: string): boolean {
  return text.length <= 254 && /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)*\.[^\s@.]{2,}$/.test(text);
}

/** Checks a body as the API's page describes it. Unknown keys are dropped silently, as integrators have seen. */
export function validateBody(body: unknown, rules: WorkspaceRules): Validated {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return { ok: false, message: validationError };
  }
  const fields = new Map(Object.entries(body));
  if (rules.requireFirstName && !fields.has("firstName")) return { ok: false, message: validationError };
  const core = new Map<string, FieldValue>();
  for (const field of coreFields) {
    if (!fields.has(field)) continue;
    const value: unknown = fields.get(field);
    if (!isCoreValue(field, value)) return { ok: false, message: validationError };
    core.set(field, value);
  }
  const custom = readCustomFields(fields.get("custom_fields"), rules);
  return custom.ok ? { ok: true, core, custom: custom.values } : custom;
}

function isCoreValue(field: (typeof coreFields)[number], value: unknown): value is string | null {
  if (value === null) return field !== "firstName";
  if (typeof value !== "string") return false;
  switch (field) {
    case "firstName":
      return value.trim() !== "";
    case "lastName":
      return true;
    case "phone":
      return isPhone(value);
    case "email":
      return isEmail(value);
    case "language":
      return /^[a-z]{2}$/.test(value) && normalizeLanguage(value).ok;
    case "countryCode":
      return isCountryCode(value);
    case "profilePic":
      return URL.canParse(value);
  }
}

/** `UK` is two letters and a country, but not its code. */
function isCountryCode(text: string): boolean {
  const country = normalizeCountry(text);
  return country.ok && country.value === text;
}

function readCustomFields(
  list: unknown,
  rules: WorkspaceRules,
): { ok: true; values: Map<string, FieldValue> } | { ok: false; message: string } {
  const values = new Map<string, FieldValue>();
  if (list === undefined || list === null) return { ok: true, values };
  if (!Array.isArray(list)) return { ok: false, message: validationError };
  for (const item of list as unknown[]) {
    if (typeof item !== "object" || item === null || !("name" in item)) {
      return { ok: false, message: validationError };
    }
    const named: unknown = item.name;
    if (typeof named !== "string" || named === "") return { ok: false, message: validationError };
    // A value that was left out is refused: JSON.stringify leaves out what its sender has lost.
    const value: unknown = "value" in item ? item.value : undefined;
    const name = nameOf(named, rules);
    if (!isCustomValue(name, value, rules)) return { ok: false, message: `${name}: Invalid value` };
    values.set(name, value);
  }
  return { ok: true, values };
}

/** The name of the field that is called so, by its name or else by its slug. */
function nameOf(called: string, { customFields }: WorkspaceRules): string {
  if (!customFields || Object.hasOwn(customFields, called)) return called;
  return Object.entries(customFields).find(([, { slug }]) => slug === called)?.[0] ?? called;
}

/** Each type in its one notation; a Number sent as a string is refused, as integrators have seen. */
function isCustomValue(name: string, value: unknown, rules: WorkspaceRules): value is FieldValue {
  const rule =
    rules.customFields && Object.hasOwn(rules.customFields, name) ? rules.customFields[name] : undefined;
  if (rules.customFields && !rule) return false;
  if (value === null) return true;
  if (!rule) return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  return notations[rule.type](value, rule.options);
}

/** The formatting rules of the API's page. */
const notations: Readonly<
  Record<CustomFieldType, (value: unknown, options: readonly string[] | undefined) => boolean>
> = {
  text: (value) => typeof value === "string",
  number: (value) => Number.isFinite(value),
  email: (value) => typeof value === "string" && isEmail(value),
  url: (value) => typeof value === "string" && isUrl(value),
  list: (value, options) => typeof value === "string" && (options === undefined || options.includes(value)),
  date: (value) => typeof value === "string" && isDate(value),
  time: (value) => typeof value === "string" && /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/.test(value),
  checkbox: (value) => typeof value === "boolean",
};

/** `www.website.com`, `https://www.website.com`, `website.com`, `http://website.com`. */
function isUrl(text: string): boolean {
  const absolute = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  if (/\s/.test(text) || !URL.canParse(absolute)) return false;
  const { hostname, username } = new URL(absolute);
  return /[^.]\.[^.]/.test(hostname) && username === "";
}

/** `yyyy-mm-dd`, and a day that exists. */
function isDate(text: string): boolean {
  const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(text);
}
