import countries from "i18n-iso-countries";
import { indexNames, type NamedCode } from "./name-index.ts";
import { accepted, refused, shortText, type Normalized } from "./normalized.ts";

const nameLengthMax = 100;

/** Locales of the runtime's own country names, which has common ones ("Laos") where the ISO list has formal ones. */
const runtimeLocales = ["ms", "id", "es", "pt", "de", "fr", "it", "nl", "zh", "ja", "th", "vi"];

const reservedCodes: Readonly<Record<string, string>> = { UK: "GB", EL: "GR" };

const aliases: readonly NamedCode[] = [
  ["America", "US"],
  ["England", "GB"],
  ["Scotland", "GB"],
  ["Wales", "GB"],
  ["Northern Ireland", "GB"],
  ["Holland", "NL"],
  ["Macau", "MO"],
  ["Hong Kong SAR", "HK"],
  ["Burma", "MM"],
  ["Swaziland", "SZ"],
  ["Macedonia", "MK"],
  ["East Timor", "TL"],
  ["Vatican", "VA"],
  ["DR Congo", "CD"],
  ["Republic of Korea", "KR"],
  ["Republic of Ireland", "IE"],
];

let index: ((name: string) => string | undefined) | undefined;

/** Made once: some tens of milliseconds that no event should have to wait for. */
export function countryNames(): (name: string) => string | undefined {
  return (index ??= indexNames([aliases, englishNames(), otherNames()]));
}

/** A country as ISO 3166-1 alpha-2, from a code of two or three letters, a flag or a name in any common language. */
export function normalizeCountry(value: unknown): Normalized<string> {
  const text = shortText(value, nameLengthMax);
  const code = text === undefined ? undefined : (codeOrName(text) ?? flagged(text) ?? bracketed(text));
  return code === undefined ? refused(value, "is not a country") : accepted(code);
}

function codeOrName(text: string): string | undefined {
  return codeOf(text.replaceAll(".", "").toUpperCase()) ?? countryNames()(text);
}

/** How far Unicode's letters of flags are from those of the alphabet. */
const regionalIndicators = 0x1f1e6 - 0x41;

/** `🇲🇾`, `🇲🇾 Malaysia`: a flag is two letters of its own. */
function flagged(text: string): string | undefined {
  const [flag, ...others] = text.match(/[\u{1f1e6}-\u{1f1ff}]{2}/gu) ?? [];
  if (flag === undefined || others.length > 0) return undefined;
  const letters = flag.replaceAll(/./gu, (letter) =>
    String.fromCodePoint((letter.codePointAt(0) ?? 0) - regionalIndicators),
  );
  return agreed(letters, text.replace(flag, "").trim());
}

/** `Malaysia (MY)`, `Malaysia [MYS]`. */
function bracketed(text: string): string | undefined {
  const parts = /^([^()[\]]+)[([]([a-z]{2,3})[)\]]$/i.exec(text);
  const [, name = "", code = ""] = parts ?? [];
  const country = agreed(code, name.trim());
  return country !== undefined && isCalled(country, name.trim()) ? country : undefined;
}

/** Whether it is a name of the country, or half of one: `Congo`, `Korea`. `None (NA)` is not Namibia. */
function isCalled(country: string, name: string): boolean {
  if (codeOrName(name) === country) return true;
  const names = countries.getName(country, "en", { select: "all" }) ?? [];
  return names.some((known) => ` ${known.toLowerCase()} `.includes(` ${name.toLowerCase()} `));
}

/** The country of a code beside a name, unless the name is another country's. */
function agreed(code: string, name: string): string | undefined {
  const country = codeOf(code.toUpperCase());
  const named = name === "" ? undefined : codeOrName(name);
  return named === undefined || named === country ? country : undefined;
}

function codeOf(text: string): string | undefined {
  if (/^[A-Z]{2}$/.test(text)) return reservedCodes[text] ?? (countries.alpha2ToAlpha3(text) && text);
  return /^[A-Z]{3}$/.test(text) ? countries.alpha3ToAlpha2(text) : undefined;
}

function* englishNames(): Generator<NamedCode> {
  yield* isoNames("en");
  yield* runtimeNames("en");
}

function* otherNames(): Generator<NamedCode> {
  for (const locale of countries.langs()) yield* isoNames(locale);
  for (const locale of runtimeLocales) yield* runtimeNames(locale);
}

function* isoNames(locale: string): Generator<NamedCode> {
  for (const [code, names] of Object.entries(countries.getNames(locale, { select: "all" }))) {
    for (const name of names) yield [name, code];
  }
}

function* runtimeNames(locale: string): Generator<NamedCode> {
  const names = new Intl.DisplayNames(locale, { type: "region", fallback: "none" });
  for (const code of Object.keys(countries.getAlpha2Codes())) {
    const name = names.of(code);
    if (name !== undefined) yield [name, code];
  }
}
