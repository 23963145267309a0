import { decodeUtf8, formDecode, mediaType } from "./text.ts";
import { boundaryOf, readMultipart, type FormField } from "./multipart.ts";
import type { JsonObject } from "./provider.ts";

const fieldsMax = 1000;

type ParsedFields = { ok: true; fields: JsonObject } | { ok: false; message: string };

/**
 * Reads a browser form (`application/x-www-form-urlencoded`, `multipart/form-data` without its files) into a flat
 * object. Repeated names become arrays, as does `name[]`, under `name`; other brackets stay part of the name.
 * Never throws; the message is for the sender.
 */
export function parseFields(body: Buffer, contentType: string): ParsedFields {
  const charset = /;\s*charset="?([^";,\s]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
  if (!["utf-8", "utf8", "us-ascii"].includes(charset)) return refused("The form's charset is not UTF-8.");
  const type = mediaType({ "content-type": contentType });
  if (type === "application/x-www-form-urlencoded") return fromUrlEncoded(body);
  if (type === "multipart/form-data") return fromMultipart(body, contentType);
  return refused("The content type is not that of a form.");
}

function fromUrlEncoded(body: Buffer): ParsedFields {
  const pairs: [string, string][] = [];
  const text = body.toString("latin1").replace(/^\xEF\xBB\xBF/, "");
  for (let start = 0; start < text.length;) {
    const ampersand = text.indexOf("&", start);
    const end = ampersand === -1 ? text.length : ampersand;
    if (end > start) {
      if (pairs.length === fieldsMax) return refused(`The form has more than ${fieldsMax} fields.`);
      const pair = text.slice(start, end);
      const equals = pair.indexOf("=");
      const name = formDecode(equals === -1 ? pair : pair.slice(0, equals));
      const value = equals === -1 ? "" : formDecode(pair.slice(equals + 1));
      if (name === undefined || value === undefined) return refused("The form is not valid UTF-8.");
      pairs.push([name, value]);
    }
    start = end + 1;
  }
  return { ok: true, fields: collect(pairs) };
}

function fromMultipart(body: Buffer, contentType: string): ParsedFields {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return refused("The form's content type names no boundary.");
  const multipart = readMultipart(body, boundary, fieldsMax);
  if (!multipart.ok) return multipart;
  const pairs = multipart.fields.map(decoded);
  if (!pairs.every((pair) => pair !== undefined)) return refused("The form is not valid UTF-8.");
  return { ok: true, fields: collect(pairs) };
}

function decoded(field: FormField): [string, string] | undefined {
  const name = decodeUtf8(Buffer.from(field.name, "latin1"));
  const value = decodeUtf8(Buffer.from(field.latin1, "latin1"));
  return name === undefined || value === undefined ? undefined : [name, value];
}

function collect(pairs: readonly [string, string][]): JsonObject {
  const fields = new Map<string, string | string[]>();
  for (const [written, value] of pairs) {
    const listed = written.endsWith("[]") && written !== "[]";
    const name = listed ? written.slice(0, -2) : written;
    const known = fields.get(name);
    if (Array.isArray(known)) known.push(value);
    else if (known !== undefined) fields.set(name, [known, value]);
    else fields.set(name, listed ? [value] : value);
  }
  return Object.fromEntries(fields);
}

function refused(message: string): { ok: false; message: string } {
  return { ok: false, message };
}
