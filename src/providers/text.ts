import { isUtf8 } from "node:buffer";

/** The text of strict UTF-8 bytes without a byte order mark; undefined when they are not UTF-8. */
export function decodeUtf8(body: Buffer): string | undefined {
  if (!isUtf8(body)) return undefined;
  const text = body.toString("utf8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/**
 * One round of percent-decoding (RFC 3986) of a text that holds one byte per character, as headers do; `%` without
 * two hex digits stays as it is. Undefined when the bytes are not UTF-8.
 */
export function percentDecode(latin1: string): string | undefined {
  return decodeEscapes(Buffer.from(latin1, "latin1"));
}

/** {@link percentDecode} for `application/x-www-form-urlencoded`, where `+` is a space. */
export function formDecode(latin1: string): string | undefined {
  const bytes = Buffer.from(latin1, "latin1");
  for (let index = 0; index < bytes.length; index++) if (bytes[index] === 0x2b) bytes[index] = 0x20;
  return decodeEscapes(bytes);
}

/** Decodes in place. */
function decodeEscapes(bytes: Buffer): string | undefined {
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    const code = bytes[index] ?? 0;
    const high = code === 0x25 ? hexDigit(bytes[index + 1]) : -1;
    const low = high === -1 ? -1 : hexDigit(bytes[index + 2]);
    if (low !== -1) index += 2;
    bytes[length++] = low === -1 ? code : high * 16 + low;
  }
  const decoded = bytes.subarray(0, length);
  return isUtf8(decoded) ? decoded.toString("utf8") : undefined;
}

function hexDigit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The media type in lower case without parameters; empty when there is no content type. */
export function mediaType(headers: Readonly<Record<string, string>>): string {
  return (/^[^;,]*/.exec(headers["content-type"] ?? "")?.[0] ?? "").trim().toLowerCase();
}

/** Milliseconds since the epoch of an RFC 3339 time, with its offset; undefined for anything else. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string" || value.length > 64) return undefined;
  const match = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.exec(value);
  if (!match) return undefined;
  const [, date = "", minute = "", second = "", fraction = "", offset = ""] = match;
  // A day that the month does not have would be read as one of the next month.
  const day = Number(date.slice(8));
  if (day > 28 && new Date(`${date}T00:00:00Z`).getUTCDate() !== day) return undefined;
  const leap = second === "60";
  const milliseconds = `.${fraction.slice(1, 4).padEnd(3, "0")}`;
  const time = Date.parse(`${date}T${minute}:${leap ? "59" : second}${milliseconds}${offset.toUpperCase()}`);
  if (Number.isNaN(time)) return undefined;
  return leap ? time + 1000 : time;
}

/** Unix time of this size or more is in milliseconds: as seconds it would be in the year 5138, as milliseconds in 1973. */
const millisecondsMin = 1e11;

/**
 * Milliseconds since the epoch of a unix time in seconds or milliseconds, told apart by its size, as a number or as
 * digits, of which fewer could be a date; undefined for anything else, and for what no calendar holds.
 */
export function unixTimeOf(value: unknown): number | undefined {
  if (typeof value !== "number" && !(typeof value === "string" && /^\d{9,16}$/.test(value))) return undefined;
  const time = Number(value);
  const calendarTime = new Date(Math.abs(time) < millisecondsMin ? time * 1_000 : time).getTime();
  return Number.isNaN(calendarTime) ? undefined : calendarTime;
}
