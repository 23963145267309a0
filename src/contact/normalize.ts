import type { CoreField } from "./contact-patch.ts";
import { countryNames, normalizeCountry } from "./country.ts";
import { languageNames, normalizeLanguage } from "./language.ts";
import { accepted, refused, shortText, type Normalized } from "./normalized.ts";
import { normalizePhone, type RegionCode } from "./phone.ts";

export { normalizeCountry } from "./country.ts";
export { splitFullName } from "./full-name.ts";
export { normalizeLanguage } from "./language.ts";
export type { Normalized } from "./normalized.ts";
export { normalizePhone, parseRegion, readPhone, type RegionCode } from "./phone.ts";

/** RFC 5321: a path of 256 octets, less its brackets; 64 before the `@`, 63 in each label of the domain. */
const emailLengthMax = 254;
const emailLocalLengthMax = 64;
const domainLabelLengthMax = 63;
const textBytesMax = 64 * 1024;
const urlLengthMax = 2048;

const localAtom = /^[\p{L}\p{N}\p{M}!#$%&'*+/=?^_`{|}~-]+$/u;
const domainLabel = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u;
const topLevelLabel = /^(?:xn--[a-z0-9-]+|[\p{L}\p{M}]{2,})$/iu;

/** Makes the indexes of names now: otherwise the first event that names a country waits for them, and all behind it. */
export function prepareNames(): void {
  countryNames();
  languageNames();
}

/** True for what a form sends when nothing was entered. It is no value, never a clear. */
export function isAbsent(value: unknown): boolean {
  if (typeof value === "string") return value.trim() === "";
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

export function normalizeCoreField(
  field: CoreField,
  value: unknown,
  region: RegionCode | undefined,
): Normalized<string> {
  return coreNormalizers[field](value, region);
}

/** One plain address with a dotted domain, in lower case and without what people and programs put around it. */
export function normalizeEmail(value: unknown): Normalized<string> {
  const text = emailText(value)?.normalize("NFC").toLowerCase().normalize("NFC");
  if (text === undefined || text.length > emailLengthMax) return refused(value, "is not an e-mail address");
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  const isAddress =
    local.length <= emailLocalLengthMax &&
    local.split(".").every((atom) => localAtom.test(atom)) &&
    isDottedDomain(text.slice(at + 1));
  return isAddress ? accepted(text) : refused(value, "is not an e-mail address");
}

/** Of `mailto:a@b.c`, `Ada <a@b.c>` and `a@b.c;` the address; invisible and non-breaking spaces are pasted with it. */
function emailText(value: unknown): string | undefined {
  const text = shortText(value, emailLengthMax * 2)
    ?.replaceAll(/[\p{Cf}\u00a0\u2007\u202f]/gu, "")
    .trim()
    .replace(/[.,;]$/, "");
  const inner = /^[^<>@]*<([^<>]*)>$/.exec(text ?? "")?.[1] ?? text;
  return inner
    ?.trim()
    .replace(/^mailto:([^?]*)(?:\?.*)?$/is, "$1")
    .trim();
}

/** True for `example.com` and `münchen.example`; false for one label, an IP address or a trailing dot. */
export function isDottedDomain(text: string): boolean {
  const labels = text.split(".");
  return (
    labels.length >= 2 &&
    labels.every((label) => label.length <= domainLabelLengthMax && domainLabel.test(label)) &&
    topLevelLabel.test(labels.at(-1) ?? "")
  );
}

/** Strings, numbers and booleans as text: trimmed, without NUL, well-formed Unicode, at most 64 KiB. */
export function normalizeText(value: unknown): Normalized<string> {
  const isScalar = typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
  if (!isScalar && typeof value !== "string") return refused(value, "is not a text");
  if (typeof value === "number" && !Number.isFinite(value)) return refused(value, "is not a text");
  const raw = String(value);
  if (raw.length > textBytesMax) return refused(value, "is too long");
  const text = raw.replaceAll("\0", "").toWellFormed().trim();
  if (text === "") return refused(value, "is empty");
  return Buffer.byteLength(text) > textBytesMax ? refused(value, "is too long") : accepted(text);
}

/** An absolute http or https URL: as written where it is plain, else percent-encoded. */
export function normalizeUrl(value: unknown): Normalized<string> {
  const text = shortText(value, urlLengthMax);
  if (text === undefined || !/^https?:\/\/[^/]/i.test(text) || /\p{Cc}/u.test(text) || !URL.canParse(text)) {
    return refused(value, "is not an http or https URL");
  }
  const url = new URL(text);
  const isPublic = url.hostname.includes(".") || url.hostname.startsWith("[");
  const encoded = /^[\x21-\x7e]+$/.test(text) ? text : url.href;
  return isPublic && encoded.length <= urlLengthMax
    ? accepted(encoded)
    : refused(value, "is not an http or https URL");
}

const coreNormalizers: Readonly<
  Record<CoreField, (value: unknown, region: RegionCode | undefined) => Normalized<string>>
> = {
  firstName: normalizeText,
  lastName: normalizeText,
  phone: normalizePhone,
  email: normalizeEmail,
  language: normalizeLanguage,
  profilePic: normalizeUrl,
  countryCode: normalizeCountry,
};
