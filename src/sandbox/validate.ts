import { coreFields, type FieldValue } from "../contact/contact-patch.ts";
import { parseContactRef, type ContactRef } from "../contact/contact-ref.ts";
import { coerceCustomValue, type CustomFieldType } from "../contact/custom-field.ts";
import { normalizeCountry, normalizeEmail, normalizeLanguage, normalizePhone } from "../contact/normalize.ts";

/** A custom field of the workspace. */
export interface CustomFieldRule {
  readonly type: CustomFieldType;
  readonly options?: readonly string[];
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

/** `id:123`, `email:…`, `phone:+…`, percent-encoded once; undefined when it is none of them. */
export function readIdentifier(segment: string): ContactRef | undefined {
  try {
    const text = decodeURIComponent(segment);
    const ref = parseContactRef(text);
    // What is sent has to be normalized already: the API does not do it for its callers.
    return ref !== undefined && ref.toLowerCase() === text.toLowerCase() ? ref : undefined;
  } catch {
    return undefined;
  }
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
  if (typeof value !== "string" || value.length > 1_000) return false;
  switch (field) {
    case "firstName":
      return value.trim() !== "";
    case "lastName":
      return true;
    case "phone":
      return isAlready(value, normalizePhone(value, undefined));
    case "email":
      return isAlready(value.toLowerCase(), normalizeEmail(value));
    case "language":
      return isAlready(value, normalizeLanguage(value));
    case "countryCode":
      return isAlready(value, normalizeCountry(value));
    case "profilePic":
      return URL.canParse(value);
  }
}

function isAlready(value: string, normalized: { ok: true; value: string } | { ok: false }): boolean {
  return normalized.ok && normalized.value === value;
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
    const { name } = item;
    if (typeof name !== "string" || name === "") return { ok: false, message: validationError };
    const value: unknown = "value" in item ? item.value : undefined;
    if (!isCustomValue(name, value, rules)) return { ok: false, message: `${name}: Invalid value` };
    values.set(name, value);
  }
  return { ok: true, values };
}

/** Each type in its one notation; a Number sent as a string is refused, as integrators have seen. */
function isCustomValue(name: string, value: unknown, rules: WorkspaceRules): value is FieldValue {
  const rule =
    rules.customFields && Object.hasOwn(rules.customFields, name) ? rules.customFields[name] : undefined;
  if (rules.customFields && !rule) return false;
  if (value === null) return true;
  if (!rule) return ["string", "number", "boolean"].includes(typeof value);
  const coerced = coerceCustomValue(value, rule.type, rule.options);
  return coerced.ok && coerced.value === value;
}
