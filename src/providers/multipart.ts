/** One part of a `multipart/form-data` body that is not a file. */
export interface FormField {
  readonly name: string;
  /** The value's bytes, one character each. */
  readonly latin1: string;
}

type ReadMultipart = { ok: true; fields: FormField[] } | { ok: false; message: string };

const headerCharactersMax = 8192;
const boundaryCharactersMax = 200;

/** The boundary named by a `multipart/form-data` content type; undefined when there is none that can be used. */
export function boundaryOf(contentType: string): string | undefined {
  const match = /;\s*boundary=(?:"([^"]*)"|([^;,\s"]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2] ?? "";
  return boundary === "" || boundary.length > boundaryCharactersMax ? undefined : boundary;
}

/**
 * Reads a whole `multipart/form-data` body (RFC 7578) at once; lines may end in CRLF or in LF alone. Files are left
 * out. Never throws.
 */
export function readMultipart(body: Buffer, boundary: string, partsMax: number): ReadMultipart {
  const text = body.toString("latin1");
  const fields: FormField[] = [];
  let delimiter = nextDelimiter(text, boundary, 0);
  if (!delimiter) return { ok: false, message: "The form's boundary does not occur in its body." };
  for (let parts = 1; !delimiter.closes; parts++) {
    if (parts > partsMax) return { ok: false, message: `The form has more than ${partsMax} fields.` };
    const next = nextDelimiter(text, boundary, delimiter.end - 1);
    if (!next) return { ok: false, message: "The form ends before its closing boundary." };
    const field = readPart(text.slice(delimiter.end, Math.max(delimiter.end, next.start)));
    if (typeof field === "string") return { ok: false, message: field };
    if (field) fields.push(field);
    delimiter = next;
  }
  return { ok: true, fields };
}

interface Delimiter {
  /** Where the line break before it begins. */
  readonly start: number;
  /** Where the line after it begins. */
  readonly end: number;
  readonly closes: boolean;
}

/** @param from where to look: at a line break, or 0 for the body's first line */
function nextDelimiter(text: string, boundary: string, from: number): Delimiter | undefined {
  const dashed = `--${boundary}`;
  if (from === 0 && text.startsWith(dashed)) {
    const first = delimiterAt(text, 0, dashed.length);
    if (first) return first;
  }
  const search = `\n${dashed}`;
  for (let found = text.indexOf(search, from); found !== -1; found = text.indexOf(search, found + 1)) {
    const start = text[found - 1] === "\r" ? found - 1 : found;
    const delimiter = delimiterAt(text, start, found + search.length);
    if (delimiter) return delimiter;
  }
  return undefined;
}

/** A boundary counts only when nothing but `--` and blanks follow it on its line. */
function delimiterAt(text: string, start: number, end: number): Delimiter | undefined {
  const closes = text.startsWith("--", end);
  if (closes) return { start, end: end + 2, closes };
  let index = end;
  while (text[index] === " " || text[index] === "\t") index++;
  if (text[index] === "\r") index++;
  return text[index] === "\n" ? { start, end: index + 1, closes } : undefined;
}

/** @returns undefined for a file, a message for a part that cannot be read */
function readPart(part: string): FormField | string | undefined {
  const blankLine = /\r?\n\r?\n/.exec(part.slice(0, headerCharactersMax));
  if (!blankLine) return "A part of the form has no headers.";
  const headers = part
    .slice(0, blankLine.index)
    .replaceAll(/\r?\n[ \t]+/g, " ")
    .split(/\r?\n/);
  const disposition = header(headers, "content-disposition");
  if (disposition === undefined || !/^form-data\s*;/i.test(disposition)) {
    return "A part of the form is not form data.";
  }
  const parameters = parametersOf(disposition);
  if (parameters.has("filename") || parameters.has("filename*")) return undefined;
  const name = parameters.get("name");
  if (name === undefined) return "A part of the form has no name.";
  if (!/^(?:7bit|8bit|binary|)$/i.test(header(headers, "content-transfer-encoding") ?? "")) {
    return "A part of the form has a transfer encoding; send it as it is.";
  }
  return { name, latin1: part.slice(blankLine.index + blankLine[0].length) };
}

function header(headers: readonly string[], name: string): string | undefined {
  const line = headers.find((candidate) => candidate.slice(0, name.length + 1).toLowerCase() === `${name}:`);
  return line?.slice(name.length + 1).trim();
}

/** Browsers write `"` and line breaks in a name as %22, %0D and %0A (HTML, multipart encoding); others escape. */
function parametersOf(disposition: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const match of disposition.matchAll(/;\s*([\w*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/g)) {
    const [, name = "", quoted, token = ""] = match;
    const value = quoted?.replaceAll(/\\(["\\])/g, "$1") ?? token;
    const decoded = value.replaceAll(/%(22|0d|0a)/gi, (_, hex: string) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), decoded);
  }
  return parameters;
}
