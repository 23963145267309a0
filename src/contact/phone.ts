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
  const read = readOne(value, region, undefined);
  return read.ok ? accepted(read.value) : read;
}

/**
 * A phone number, in which country it was read when it was written without a country code, and what else stood in the
 * text.
 */
export type ReadPhone = Normalized<string> & { readonly readIn?: RegionCode; readonly others?: string };

/**
 * The same where the payload names a country beside the number: that is where it is read, unless it is valid in `region`
 * alone. What is only possible in `region` is not taken then.
 */
export function readPhone(
  value: unknown,
  region: RegionCode | undefined,
  country: RegionCode | undefined,
): ReadPhone {
  const read = readOne(value, region, country);
  const parts = read.ok || typeof value !== "string" ? [] : partsOf(value);
  for (const [index, part] of parts.entries()) {
    if (digitsIn(part) < wholeDigitsMin) continue;
    const one = readOne(part, region, country);
    if (one.ok) return { ...one, others: parts.filter((_, other) => other !== index).join(", ") };
  }
  return read;
}

/** Fewer digits are an area code, an extension or a remark. */
const wholeDigitsMin = 7;

/** Several numbers in one text: `+6012-3456789 / 03-12345678`. */
function partsOf(text: string): readonly string[] {
  if (text.length > phoneLengthMax) return [];
  const lines = text.split(/[;|\n]|\s&\s|\s(?:or|and|atau|dan|und|oder|ou|o|y|et|e)\s/i);
  const parts = lines
    .flatMap(partsOfLine)
    .map((part) => part.replace(/^[\s/,]+/, "").replace(/[\s/,]+$/, ""));
  const present = parts.filter((part) => part !== "");
  return present.length > 1 ? present : [];
}

/** A `/` or `,` ends a part behind a whole number or a remark: in `030/1234567` and in links it stands within one. */
function partsOfLine(line: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  for (const piece of line.split(/(?<=[/,])/)) {
    part += piece;
    const isRemark = digitsIn(part) === 0 && /(?:,|\s\/)$/.test(part);
    if (digitsIn(part) < wholeDigitsMin && !isRemark) continue;
    parts.push(part);
    part = "";
  }
  return [...parts, part];
}

function digitsIn(text: string): number {
  return text.match(/\p{Nd}/gu)?.length ?? 0;
}

function readOne(value: unknown, region: RegionCode | undefined, country: RegionCode | undefined): ReadPhone {
  const text = phoneText(value);
  if (text === undefined) return refused(value, "is not a phone number");
  const isNational = !/^(?:\+|00)/.test(text);
  if (isNational && country !== undefined && country !== region) {
    return readBeside(value, text, region, country);
  }
  const possible = readings(text, region).filter((phone) => isE164(phone));
  const best = possible.find((phone) => phone.isValid()) ?? possible[0];
  if (best) return { ...accepted(best.number), ...(isNational && region ? { readIn: region } : {}) };
  if (isNational && region === undefined && /^[0-9][0-9\s().-]{4,}$/.test(text)) {
    return refused(value, "has no country code and the source has no region");
  }
  return refused(
    value,
    isNational && region ? `is not a phone number in ${region}` : "is not a phone number",
  );
}

function readBeside(
  value: unknown,
  text: string,
  region: RegionCode | undefined,
  country: RegionCode,
): ReadPhone {
  const inCountry = readings(text, country).filter((phone) => isE164(phone));
  const inRegion = region === undefined ? [] : readings(text, region).filter((phone) => isE164(phone));
  const valid = inCountry.find((phone) => phone.isValid());
  const validInRegion = inRegion.find((phone) => phone.isValid());
  if (!valid && validInRegion && region) return { ...accepted(validInRegion.number), readIn: region };
  const best = valid ?? inCountry[0];
  if (best) return { ...accepted(best.number), readIn: country };
  const also = region === undefined ? "" : `, nor one in ${region}`;
  return refused(value, `is not a phone number in ${country}, the country beside it${also}`);
}

/** Of a possible length, and read back as itself: some national prefixes are found where none was written. */
function isE164(phone: PhoneNumber): boolean {
  return (
    phone.isPossible() && e164.test(phone.number) && parse(phone.number, undefined)?.number === phone.number
  );
}

/** Mexico wrote a 1 before its mobiles until 2019, and WhatsApp still does, with a plus or without. */
const mexicanMobile = /^(?:\+\s*|00)?52[\s.-]*1((?:[\s().-]*[0-9]){10})$/;

/** Only where a valid Mexican number is left: other digits that begin so are as they were written. */
function withoutMobileDigit(written: string, national: string): string {
  const mexican = `+52 ${national}`;
  return parse(mexican, undefined)?.isValid() === true ? mexican : written;
}

function phoneText(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value > 0 ? String(value) : undefined;
  return shortText(value, phoneLengthMax)
    ?.replaceAll(/\p{Cf}/gu, "")
    .replaceAll(/[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replace("\uff0b", "+")
    .trim()
    .replace(/^['’]\s*/, "")
    .replace(
      /^(?:https?:\/\/)?(?:(?:www\.)?wa\.me\/|(?:api|web)\.whatsapp\.com\/send\/?\?phone=|whatsapp:\/\/send\/?\?phone=)(?:\+|%2b)?\s*([0-9]+)(?:[/?&#].*)?$/i,
      "+$1",
    )
    .replace(/^(?:tel|p|whatsapp|callto|sms):\s*/i, "")
    .replace(mexicanMobile, withoutMobileDigit)
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
