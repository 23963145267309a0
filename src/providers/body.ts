import { coreFields, type CoreField } from "../contact/contact-patch.ts";
import { isAbsent } from "../contact/normalize.ts";
import { parseJsonBytes } from "./json.ts";
import { parseFields } from "./fields.ts";
import { decodeUtf8, mediaType } from "./text.ts";
import type {
  Candidate,
  Candidates,
  InboundRequest,
  JsonObject,
  JsonValue,
  Parsed,
  ProviderEvent,
} from "./provider.ts";

export { elementTexts, memberText, parseJson } from "./json.ts";
export { parseFields } from "./fields.ts";
export { decodeUtf8, mediaType, percentDecode, timeOf, unixTimeOf } from "./text.ts";

/** Whether a body may be read as JSON: its type says so, or says nothing. */
export function saysJson(headers: Readonly<Record<string, string>>): boolean {
  const type = mediaType(headers);
  return type === "" || isJsonType(type);
}

/** @param type a media type in lower case without parameters */
export function isJsonType(type: string): boolean {
  return type === "application/json" || type === "text/json" || type.endsWith("+json");
}

/** Reads a JSON body that has to be one object, and keeps its exact text. */
export function readJsonObject(
  body: Buffer,
): { ok: true; text: string; value: JsonObject } | { ok: false; message: string } {
  const text = decodeUtf8(body);
  if (text === undefined) return { ok: false, message: "The body is not valid UTF-8." };
  const parsed = parseJsonBytes(body, text);
  if (!parsed.ok) return parsed;
  if (!isObject(parsed.value)) return { ok: false, message: "The body is not a JSON object." };
  return { ok: true, text, value: parsed.value };
}

/** What a form's sender may send, and what to tell who sends something else. */
interface SubmissionTypes {
  /** Whether the headers say JSON. */
  readonly isJson: boolean;
  readonly formTypes: readonly string[];
  readonly expected: string;
}

/** The fields that were filled in. `text` is JSON in any case, where the body was JSON exactly its text. */
interface Submission {
  readonly fields: JsonObject;
  readonly text: string;
}

/** One form submission as the only event of its request. `about` says what more is known of it than its fields. */
export function parseSubmission(
  request: Pick<InboundRequest, "headers" | "body">,
  types: SubmissionTypes,
  about: (submission: Submission) => Partial<ProviderEvent>,
): Parsed {
  const read = readSubmission(request, types);
  if (read === undefined) return { kind: "unsupported", message: types.expected };
  if (!read.ok) return { kind: "malformed", message: read.message };
  if (Object.keys(read.fields).length === 0) return { kind: "ignored", reason: "empty-form" };
  const event = { id: undefined, type: "form_submission", occurredAt: undefined, attributes: {} };
  return { kind: "events", events: [{ ...event, payload: read.text, ...about(read) }] };
}

/** Undefined when it is neither JSON nor one of the form types. */
function readSubmission(
  request: Pick<InboundRequest, "headers" | "body">,
  { isJson, formTypes }: SubmissionTypes,
): ({ ok: true } & Submission) | { ok: false; message: string } | undefined {
  if (isJson) {
    const json = readJsonObject(request.body);
    return json.ok ? { ok: true, fields: json.value, text: json.text } : json;
  }
  if (!formTypes.includes(mediaType(request.headers))) return undefined;
  const form = parseFields(request.body, request.headers["content-type"] ?? "");
  return form.ok ? { ...form, text: JSON.stringify(form.fields) } : form;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isList(value);
}

/** `Array.isArray` for JSON: it does not narrow read-only arrays away by itself. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The text at a key, or undefined when there is none. */
export function textAt(root: JsonValue | undefined, key: string): string | undefined {
  const value = isObject(root) && Object.hasOwn(root, key) ? root[key] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A text or a number as text: ids come as either. */
export function scalarText(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** An event's attributes: what is a text, a number or a truth value among the named, as text. */
export function attributesOf(named: Readonly<Record<string, JsonValue | undefined>>): Record<string, string> {
  const attributes: [string, string][] = [];
  for (const name of Object.keys(named)) {
    const value = named[name];
    const text = typeof value === "boolean" ? String(value) : scalarText(value);
    if (text !== undefined && text !== "") attributes.push([name, text]);
  }
  return Object.fromEntries(attributes);
}

/** The value at a dotted path such as `line_items.0.title`. Own properties only. */
export function at(root: JsonValue, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const name of namesIn(path)) {
    if (isList(value)) value = /^\d+$/.test(name) ? value[Number(name)] : undefined;
    else if (isObject(value) && Object.hasOwn(value, name)) value = value[name];
    else return undefined;
  }
  return value;
}

const namesKnown = new Map<string, readonly string[]>();
/** Providers look in the same few places of every payload. */
const namesKnownMax = 1_000;

function namesIn(path: string): readonly string[] {
  const known = namesKnown.get(path);
  if (known) return known;
  const names = path.split(".");
  if (namesKnown.size < namesKnownMax) namesKnown.set(path, names);
  return names;
}

/** What is found at the paths, in their order, without what is missing, null or blank. */
export function candidatesAt(root: JsonValue, paths: readonly string[]): Candidate[] {
  const candidates: Candidate[] = [];
  for (const path of paths) {
    const value = at(root, path);
    if (value !== undefined && !isAbsent(value)) candidates.push({ path, value });
  }
  return candidates;
}

/** Candidates where the fields are named exactly like ours. */
export function namedLikeOurs(root: JsonObject): Candidates {
  const candidates: Partial<Record<CoreField, readonly Candidate[]>> = {};
  for (const field of coreFields) {
    const found = candidatesAt(root, [field]);
    if (found.length > 0) candidates[field] = found;
  }
  return candidates;
}
