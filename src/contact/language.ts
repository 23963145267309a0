import languages from "iso-639-1";
import { indexNames, type NamedCode } from "./name-index.ts";
import { accepted, refused, shortText, type Normalized } from "./normalized.ts";

const nameLengthMax = 100;
const runtimeLocales = ["en", "ms", "id", "es", "pt", "de", "fr", "it", "nl", "zh", "ja", "th", "vi"];

/** `pt`, `pt-BR`, `zh_Hant_TW`, `en_US.UTF-8`: the language, then a script or a region before anything else. */
const localeTag =
  /^([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3})(?:[-_][a-z0-9]{1,8})*)?(?:\.[a-z0-9-]+)?(?:@[a-z]+)?$/i;

const aliases: readonly NamedCode[] = [
  ["Mandarin", "zh"],
  ["Simplified Chinese", "zh"],
  ["Traditional Chinese", "zh"],
  ["Castilian", "es"],
  ["Brazilian Portuguese", "pt"],
  ["Bahasa Malaysia", "ms"],
  ["Bahasa Melayu", "ms"],
  ["Bahasa Indonesia", "id"],
  ["Bahasa Inggeris", "en"],
  ["Bahasa Inggris", "en"],
];

/** Filipino is standard Tagalog; only the latter has a code of two letters. */
const twoLetterCodes: Readonly<Record<string, string>> = { fil: "tl" };

let index: ((name: string) => string | undefined) | undefined;

/** Made once, as the names of countries are. */
export function languageNames(): (name: string) => string | undefined {
  return (index ??= indexNames([aliases, ownNames(), runtimeNames()]));
}

/** A language as ISO 639-1, from a code, a locale or a name. */
export function normalizeLanguage(value: unknown): Normalized<string> {
  const text = shortText(value, nameLengthMax);
  if (text !== undefined) {
    const byName = languageNames();
    const code =
      assignedCode(text.toLowerCase()) ??
      byName(text) ??
      codeOf(text) ??
      byName(text.replace(/\s*\([^()]*\)$/, ""));
    if (code !== undefined) return accepted(code);
  }
  return refused(value, "is not a language");
}

/** Codes that ISO has withdrawn (`iw`) and those of three letters become today's two, where there are two. */
function codeOf(text: string): string | undefined {
  const subtag = localeTag.exec(text)?.[1]?.toLowerCase();
  if (subtag === undefined) return undefined;
  return assignedCode(subtag) ?? assignedCode(twoLetterCodes[subtag] ?? new Intl.Locale(subtag).language);
}

/** A code is one before it is a name: `yi` is Yiddish, and what some call Sichuan's language. */
const assignedCode = (code: string) => (languages.validate(code) ? code : undefined);

function* ownNames(): Generator<NamedCode> {
  for (const code of languages.getAllCodes()) {
    yield [languages.getName(code), code];
    yield [languages.getNativeName(code), code];
  }
}

function* runtimeNames(): Generator<NamedCode> {
  for (const locale of runtimeLocales) {
    const names = new Intl.DisplayNames(locale, { type: "language", fallback: "none" });
    for (const code of languages.getAllCodes()) {
      const name = names.of(code);
      if (name !== undefined) yield [name, code];
    }
  }
}
