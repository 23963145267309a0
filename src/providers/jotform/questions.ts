import { isAbsent } from "../../contact/normalize.ts";
import { isList, isObject } from "../body.ts";
import type { JsonObject, JsonValue } from "../provider.ts";

/** One question of the form, answered or not. */
export interface Question {
  readonly path: string;
  /** `q3_fullName3` */
  readonly key: string;
  /** Its unique name, `fullName3`. */
  readonly name: string;
  /** The unique name without the question's number, which Jotform appends to make it unique: `fullName`. */
  readonly label: string;
  readonly value: JsonValue;
}

/**
 * The questions among what a browser sends with them. Uploaded files stand under the mere name of their question; which
 * names these are is told by `temp_upload`.
 */
export function questionsOf(rawRequest: JsonObject): Question[] {
  const uploads = new Map(
    Object.keys(isObject(rawRequest["temp_upload"]) ? rawRequest["temp_upload"] : {}).flatMap((key) => {
      const parts = partsOf(key);
      return parts ? [[parts.name, key] as const] : [];
    }),
  );
  return Object.entries(rawRequest).flatMap(([name, value]) => {
    const key = partsOf(name) ? name : uploads.get(name);
    const parts = key === undefined ? undefined : partsOf(key);
    return key === undefined || !parts ? [] : [{ path: `rawRequest.${name}`, key, ...parts, value }];
  });
}

function partsOf(key: string): { name: string; label: string } | undefined {
  const [, number = "", name = ""] = /^q(\d+)_(.+)$/.exec(key) ?? [];
  if (name === "") return undefined;
  const numbered = name.endsWith(number) && name !== number;
  return { name, label: numbered ? name.slice(0, -number.length) : name };
}

/** True when nothing is filled in, in no part of it. */
export function isBlank(value: JsonValue): boolean {
  if (isList(value)) return value.every(isBlank);
  return isObject(value) ? Object.values(value).every(isBlank) : isAbsent(value);
}

export function isName(value: JsonValue): value is JsonObject {
  return hasOnly(value, ["prefix", "first", "middle", "last", "suffix"]);
}

export function isAddress(value: JsonValue): value is JsonObject {
  return hasOnly(value, ["addr_line1", "addr_line2", "city", "state", "postal", "country"]);
}

export function isPhone(value: JsonValue): value is JsonObject {
  return hasOnly(value, ["country", "area", "phone", "full"]) && ("full" in value || "phone" in value);
}

/** Phone numbers, dates and times in parts as one text; anything else as it is. */
export function readable(value: JsonValue): JsonValue {
  if (isPhone(value)) return phoneText(value);
  if (hasOnly(value, ["year", "month", "day"])) return dateText(value) ?? value;
  if (hasOnly(value, ["timeInput", "hourSelect", "minuteSelect", "ampm"]) && "timeInput" in value) {
    return [part(value, "timeInput"), part(value, "ampm")].join(" ").trim();
  }
  return value;
}

function phoneText(phone: JsonObject): string {
  const full = part(phone, "full");
  const number = part(phone, "phone");
  if (full !== "" || number === "") return full;
  // Typed in by hand, with or without its plus.
  const country = part(phone, "country").replace(/^(?=[1-9]\d*$)/, "+");
  const dialled = /^(?:\+|00)\d+$/.test(country) ? country : "";
  return [dialled, part(phone, "area"), number].filter((text) => text !== "").join(" ");
}

function dateText(date: JsonObject): string | undefined {
  const [year, month, day] = [part(date, "year"), part(date, "month"), part(date, "day")];
  if (!/^\d{4}$/.test(year) || !/^\d\d?$/.test(month) || !/^\d\d?$/.test(day)) return undefined;
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

function part(value: JsonObject, name: string): string {
  const text = Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof text === "string" || typeof text === "number" ? String(text).trim() : "";
}

function hasOnly(value: JsonValue, names: readonly string[]): value is JsonObject {
  if (!isObject(value)) return false;
  const present = Object.keys(value);
  return present.length > 0 && present.every((name) => names.includes(name));
}
