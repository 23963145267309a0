import type { JsonValue } from "./provider.ts";

/** Deeper than any sender nests; shallow enough for whatever walks the value recursively. */
const nestingMax = 64;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const minus = 0x2d;

const mayHoldLargeNumbers = /\d{16}|\d[eE]\+?\d{3}/;

type ParsedJson = { ok: true; value: JsonValue } | { ok: false; message: string };

/**
 * Reads JSON text without losing a digit: an integer that a double cannot hold exactly, or a number beyond what it
 * holds at all, becomes a string as written. A `__proto__` key is an ordinary own property. Never throws; the message
 * is for the sender and quotes nothing of the text.
 */
export function parseJson(text: string): ParsedJson {
  if (text.trim() === "") return { ok: false, message: "The body is empty where JSON is expected." };
  if (nestsTooDeep(text)) {
    return { ok: false, message: `The JSON is nested more than ${nestingMax} levels deep.` };
  }
  const parsed = tryParse(text);
  if (!parsed.ok || !mayHoldLargeNumbers.test(text)) return parsed;
  const exact = quoteLargeNumbers(text);
  return exact === text ? parsed : tryParse(exact);
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

function tryParse(text: string): ParsedJson {
  try {
    const value: JsonValue = JSON.parse(text);
    return { ok: true, value };
  } catch (error) {
    // Anchored at the end: elsewhere in its message the engine quotes the text.
    const place = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(
      error instanceof Error ? error.message : "",
    )?.[1];
    const where = place === undefined ? "" : ` (at character ${Number(place) + 1})`;
    return { ok: false, message: `The body is not valid JSON${where}.` };
  }
}

function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) index = endOfString(text, index) - 1;
    else if (code < 0x5b) continue;
    else if (isOpener(code)) {
      if (++depth > nestingMax) return true;
    } else if (isCloser(code)) depth--;
  }
  return false;
}

/** @returns the index behind the closing quote, or the text's length when it is never closed */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
}

/** @param text valid JSON */
function quoteLargeNumbers(text: string): string {
  let exact = "";
  let copied = 0;
  let index = 0;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      index = endOfString(text, index);
      continue;
    }
    if (code !== minus && !isDigit(code)) {
      index++;
      continue;
    }
    const start = index++;
    while (isDigit(text.charCodeAt(index))) index++;
    if (isNumberPart(text[index])) {
      while (isDigit(text.charCodeAt(index)) || isNumberPart(text[index])) index++;
      if (Number.isFinite(Number(text.slice(start, index)))) continue;
    } else if (isExact(text, code === minus ? start + 1 : start, index)) continue;
    exact += `${text.slice(copied, start)}"${text.slice(start, index)}"`;
    copied = index;
  }
  return exact + text.slice(copied);
}

/** Whether a double holds the digits between the two places: at most 2^53 - 1. */
function isExact(text: string, start: number, end: number): boolean {
  return end - start < 16 || (end - start === 16 && text.slice(start, end) <= "9007199254740991");
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

function isNumberPart(character: string | undefined): boolean {
  return character !== undefined && ".eE+-".includes(character);
}
