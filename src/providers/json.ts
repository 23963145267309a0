import type { JsonValue } from "./provider.ts";

/** Deeper than any sender nests; shallow enough for whatever walks the value recursively. */
const nestingMax = 64;
/**
 * A text of nothing but brackets takes ten times as long to read as one of the same length that says something: more
 * than one list or object for every five characters is refused, where there are many.
 */
const charactersPerContainerMin = 5;
const containersFree = 10_000;
/** An object of tens of thousands of names costs as much again with whatever goes over them. */
const membersMax = 10_000;
/** Numbers such as 1e999: one is a mistake, tens of thousands are made to be slow. */
const boundlessMax = 10_000;
/** Integers that a double cannot hold have more digits than this. */
const shortNumberMax = 15;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;
const zero = 0x30;

const mayHoldLargeNumbers = /\d{16}|\d[eE]\+?\d{3}/;

type ParsedJson = { ok: true; value: JsonValue } | { ok: false; message: string };

/**
 * Reads JSON text without losing a digit: an integer that a double cannot hold exactly, or a number beyond what it
 * holds at all, becomes a string as written. A `__proto__` key is an ordinary own property. Never throws; the message
 * is for the sender and quotes nothing of the text.
 */
export function parseJson(text: string): ParsedJson {
  if (text.length < plainBytesMax && hasFewContainers(text) && !mayHoldLargeNumbers.test(text)) {
    return tryParse(text);
  }
  const quoted = quoteLargeNumbers(text);
  if (!quoted.ok) return quoted;
  const parsed = tryParse(quoted.text);
  // The place in the message has to be one in the text that was sent.
  return parsed.ok || quoted.text === text ? parsed : tryParse(text);
}

/** {@link parseJson} of the text of these UTF-8 bytes: most bodies need no second walk over them. */
export function parseJsonBytes(bytes: Uint8Array, text: string): ParsedJson {
  return bytes.length < plainBytesMax && isPlain(bytes) ? tryParse(text) : parseJson(text);
}

/** Shorter than any text that holds too many lists and objects, or an object of too many names. */
const plainBytesMax = 2 * containersFree;

/** No more than may be nested into each other. */
function hasFewContainers(text: string): boolean {
  let count = 0;
  for (const opener of ["{", "["]) {
    for (let index = text.indexOf(opener); index !== -1; index = text.indexOf(opener, index + 1)) {
      if (++count > nestingMax) return false;
    }
  }
  return true;
}

/** Whether it nests no deeper than it may, and holds no number that could be large. */
function isPlain(bytes: Uint8Array): boolean {
  let depth = 0;
  let digits = 0;
  for (let index = 0; index < bytes.length; index++) {
    const code = bytes[index] ?? 0;
    if (isDigit(code)) {
      if (++digits > shortNumberMax) return false;
      continue;
    }
    // An exponent behind a digit.
    if (isLetterE(code) && digits > 0) return false;
    digits = 0;
    if (code === quote) {
      for (index++; index < bytes.length && bytes[index] !== quote; index++) {
        if (bytes[index] === backslash) index++;
      }
    } else if (isOpener(code)) {
      if (++depth > nestingMax) return false;
    } else if (isCloser(code)) depth--;
  }
  return true;
}

/** The exact texts of the elements of a JSON array that {@link parseJson} has read. */
export function elementTexts(arrayText: string): string[] {
  const elements: string[] = [];
  let depth = 0;
  let start = 0;
  const take = (end: number) => {
    const element = arrayText.slice(start, end).trim();
    if (element !== "") elements.push(element);
    start = end + 1;
  };
  for (let index = 0; index < arrayText.length; index++) {
    const code = arrayText.charCodeAt(index);
    if (code === quote) index = endOfString(arrayText, index) - 1;
    else if (isOpener(code)) {
      depth++;
      if (depth === 1) start = index + 1;
    } else if (isCloser(code)) {
      depth--;
      if (depth === 0) take(index);
    } else if (code === comma && depth === 1) take(index);
  }
  return elements;
}

/** The exact text of a member of a JSON object, which has to be valid; of members of the same name the last. */
export function memberText(objectText: string, name: string): string | undefined {
  let found: string | undefined;
  for (const member of elementTexts(objectText)) {
    const end = endOfString(member, 0);
    if (JSON.parse(member.slice(0, end)) === name) found = member.slice(member.indexOf(":", end) + 1).trim();
  }
  return found;
}

function tryParse(text: string): ParsedJson {
  try {
    const value: JsonValue = JSON.parse(text);
    return { ok: true, value };
  } catch (error) {
    if (text.trim() === "") return { ok: false, message: "The body is empty where JSON is expected." };
    // Anchored at the end: elsewhere in its message the engine quotes the text.
    const place = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(
      error instanceof Error ? error.message : "",
    )?.[1];
    const where = place === undefined ? "" : ` (at character ${Number(place) + 1})`;
    return { ok: false, message: `The body is not valid JSON${where}.` };
  }
}

/** @returns the index behind the closing quote, or the text's length when it is never closed */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) return index + 1;
    if (code === backslash) index++;
  }
  return text.length;
}

type Quoted = { ok: true; text: string } | { ok: false; message: string };

/**
 * Puts numbers that no double holds between quotes, and refuses what would take too long, in one walk over the text,
 * which need not be valid: a number becomes a string only where JSON may have either, so that what was no JSON is none
 * afterwards.
 */
function quoteLargeNumbers(text: string): Quoted {
  const pieces: string[] = [];
  const quoting = mayHoldLargeNumbers.test(text);
  let copied = 0;
  let depth = 0;
  let containers = 0;
  let boundless = 0;
  const members = new Uint32Array(nestingMax + 1);
  for (let index = 0; index < text.length;) {
    const code = text.charCodeAt(index);
    if (code === quote) index = endOfString(text, index);
    else if (isOpener(code)) {
      containers++;
      if (++depth > nestingMax) return refused(`The JSON is nested more than ${nestingMax} levels deep.`);
      members[depth] = 0;
      index++;
    } else if (code === colon) {
      const count = (members[depth] ?? 0) + 1;
      if (count > membersMax) return refused(`The JSON has an object of more than ${membersMax} names.`);
      members[depth] = count;
      index++;
    } else if (isCloser(code)) {
      depth--;
      index++;
    } else if (quoting && (isDigit(code) || code === minus)) {
      const end = endOfNumber(text, index);
      if (isLarge(text, index, end) && !isKey(text, end)) {
        if (end - index <= shortNumberMax && ++boundless > boundlessMax) {
          return refused("The JSON holds too many numbers beyond all bounds.");
        }
        pieces.push(text.slice(copied, index), text.slice(index, end));
        copied = end;
      }
      index = end;
    } else index++;
  }
  if (containers > containersFree && containers * charactersPerContainerMin > text.length) {
    return refused("The JSON holds little else than lists and objects.");
  }
  if (pieces.length === 0) return { ok: true, text };
  pieces.push(text.slice(copied));
  return { ok: true, text: pieces.join('"') };
}

function refused(message: string): { ok: false; message: string } {
  return { ok: false, message };
}

/** Behind the longest number of JSON's that begins there; behind the minus alone where none does. */
function endOfNumber(text: string, start: number): number {
  const first = text.charCodeAt(start) === minus ? start + 1 : start;
  let end = text.charCodeAt(first) === zero ? first + 1 : endOfDigits(text, first);
  if (end === first) return end;
  if (text.charCodeAt(end) === dot) end = endOfDigits(text, end + 1, end);
  if (isLetterE(text.charCodeAt(end))) {
    const sign = text.charCodeAt(end + 1);
    end = endOfDigits(text, sign === plus || sign === minus ? end + 2 : end + 1, end);
  }
  return end;
}

/** @returns `otherwise` where there are none */
function endOfDigits(text: string, start: number, otherwise = start): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  return end === start ? otherwise : end;
}

/** Whether a double cannot hold it: an integer not exactly, any other not at all. */
function isLarge(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start) === minus ? start + 1 : start;
  const behindInteger = endOfDigits(text, first);
  if (behindInteger === end) return end - first > shortNumberMax && !isExact(text.slice(start, end));
  const magnitude = behindInteger - first + exponentOf(text, behindInteger, end);
  // The largest double is 1.8e308: only near it the digits decide.
  if (magnitude < 309) return false;
  if (magnitude > 309 && text.charCodeAt(first) !== zero) return true;
  return !Number.isFinite(Number(text.slice(start, end)));
}

/** @param from behind the integer's digits */
function exponentOf(text: string, from: number, end: number): number {
  let place = from;
  while (place < end && !isLetterE(text.charCodeAt(place))) place++;
  const sign = text.charCodeAt(place + 1);
  let exponent = 0;
  // Beyond a billion it makes no difference any more.
  for (
    let index = sign === plus || sign === minus ? place + 2 : place + 1;
    index < end && exponent < 1e9;
    index++
  ) {
    exponent = exponent * 10 + text.charCodeAt(index) - zero;
  }
  return sign === minus ? -exponent : exponent;
}

/** @param written an integer */
function isExact(written: string): boolean {
  const digits = written.startsWith("-") ? written.slice(1) : written;
  return digits.length < 16 || (digits.length === 16 && digits <= "9007199254740991");
}

/** Whether a colon follows: a string may stand there, and a number may not. */
function isKey(text: string, end: number): boolean {
  let index = end;
  while (isBlank(text.charCodeAt(index))) index++;
  return text.charCodeAt(index) === colon;
}

function isOpener(code: number): boolean {
  return code === 0x5b || code === 0x7b;
}

function isCloser(code: number): boolean {
  return code === 0x5d || code === 0x7d;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetterE(code: number): boolean {
  return code === 0x65 || code === 0x45;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
