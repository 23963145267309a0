import {
  getCountryCallingCode,
  isSupportedCountry,
  Metadata,
  parsePhoneNumberFromString,
  type CountryCode,
} from "libphonenumber-js/max";
import { accepted, refused, shortText, type Normalized } from "./normalized.ts";

/** ISO 3166-1 alpha-2, of the countries that have a numbering plan. */
export type RegionCode = CountryCode;

type PhoneNumber = NonNullable<ReturnType<typeof parsePhoneNumberFromString>>;

const phoneLengthMax = 100;
const e164 = /^\+[1-9][0-9]{5,14}$/;

/** Reads a region as a configuration names it: `MY`, `my`. */
export function parseRegion(text: string): RegionCode | undefined {
  const code = text.trim().toUpperCase();
  return isSupportedCountry(code) ? code : undefined;
}

/**
 * A phone number as E.164, when its length is possible in its country; an extension is dropped.
 *
 * @param region of numbers written without a country code; without it only `+…` and `00…` are taken
 */
export function normalizePhone(value: unknown, region: RegionCode | undefined): Normalized<string> {
  const text = phoneText(value);
  if (text === undefined) return refused(value, "is not a phone number");
  const possible = readings(text, region).filter((phone) => isE164(phone));
  const best = possible.find((phone) => phone.isValid()) ?? possible[0];
  if (best) return accepted(best.number);
  const isNational = region === undefined && /^[0-9][0-9\s().-]{4,}$/.test(text) && !text.startsWith("00");
  if (isNational) return refused(value, "has no country code and the source has no region");
  const isMeantAtHome = region !== undefined && !/^(?:\+|00)/.test(text);
  return refused(value, isMeantAtHome ? `is not a phone number in ${region}` : "is not a phone number");
}

/** Of a possible length, and read back as itself: some national prefixes are found where none was written. */
function isE164(phone: PhoneNumber): boolean {
  return (
    phone.isPossible() && e164.test(phone.number) && parse(phone.number, undefined)?.number === phone.number
  );
}

function phoneText(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value > 0 ? String(value) : undefined;
  return shortText(value, phoneLengthMax)
    ?.replaceAll(/\p{Cf}/gu, "")
    .replaceAll(/[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replace("\uff0b", "+")
    .trim()
    .replace(/^tel:/i, "")
    .replace(/^\+\s*\(/, "(+")
    .replace(/^\(\s*((?:\+|00)\s*[0-9]{1,4})\s*\)/, "$1 ");
}

/** What the text can mean, likeliest first. A valid reading later beats one that is merely possible. */
function readings(text: string, region: RegionCode | undefined): PhoneNumber[] {
  return candidates(text, region).filter((phone) => phone !== undefined);
}

function candidates(text: string, region: RegionCode | undefined): (PhoneNumber | undefined)[] {
  if (text.startsWith("+")) return [parse(text, undefined)];
  if (text.startsWith("00")) {
    const international = parse(`+${text.slice(2)}`, undefined);
    return region && dialsAbroad(text, region) ? [parse(text, region), international] : [international];
  }
  if (region === undefined) return [];
  const national = parse(text, region);
  return text.startsWith(getCountryCallingCode(region))
    ? [national, parse(`+${text}`, undefined)]
    : [national];
}

/** True when the text begins with the region's own prefix for calls abroad, as `0011` in Australia. */
function dialsAbroad(text: string, region: RegionCode): boolean {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(region);
  const prefix = metadata.numberingPlan?.IDDPrefix();
  return prefix !== undefined && new RegExp(`^(?:${prefix})`).test(text.replaceAll(/[^0-9]/g, ""));
}

function parse(text: string, region: RegionCode | undefined): PhoneNumber | undefined {
  return parsePhoneNumberFromString(text, {
    extract: false,
    ...(region === undefined ? {} : { defaultCountry: region }),
  });
}
