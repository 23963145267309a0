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

/** A country as ISO 3166-1 alpha-2, from a code of two or three letters or a name in any common language. */
export function normalizeCountry(value: unknown): Normalized<string> {
  const text = shortText(value, nameLengthMax);
  if (text !== undefined) {
    const code = codeOf(text.replaceAll(".", "").toUpperCase());
    if (code !== undefined) return accepted(code);
    const named = countryNames()(text);
    if (named !== undefined) return accepted(named);
  }
  return refused(value, "is not a country");
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
