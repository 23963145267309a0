/**
 * What stands before a name and is none, by language. Those with a dot are titles only with it. What is a name or an initial
 * elsewhere is none of them: `Tuan Nguyen`, `Don Draper`, `M. Night Shyamalan`, `H. G. Wells`.
 */
const titles = {
  english: "mr mrs ms miss mx dr prof professor sir rev capt. hon.",
  malay: "encik en. puan pn. cik datuk dato datin haji hajah hajjah hj hjh ustaz ustazah ir. ts.",
  indonesian: "bapak ibu sdr sdri drs dra drg",
  spanishAndPortuguese: "sr sra srta señor señora señorita doña senhor senhora ing. lic. eng.",
  german: "herr frau dipl.-ing med. mag.",
  french: "mme mlle monsieur madame mademoiselle",
};
const titlesOfTwoWords = ["datuk", "dato", "datin"].flatMap((title) => [`${title} seri`, `${title} sri`]);

const known = new Set([
  ...Object.values(titles).flatMap((words) => words.split(" ")),
  ...titlesOfTwoWords,
  "tan sri",
  "puan sri",
  "toh puan",
  "tuan haji",
  "tuan hj",
]);

const joining = /^(?:[&+/]|and|dan|und|y|e|et)\s+/i;

export interface FullName {
  readonly firstName: string;
  readonly lastName?: string;
  /** What stood before the name and was left out, as it was written. */
  readonly title?: string;
}

/** Splits at the first white space behind the titles; one word is a first name alone. Titles alone, or of a couple, stay as they are. */
export function splitFullName(name: string): FullName {
  const text = name.trim();
  const named = behindTitles(text);
  const rest = named === "" || isOfCouple(named) ? text : named;
  const title = text.slice(0, text.length - rest.length).trim();
  const gap = rest.search(/\s/);
  const firstName = gap === -1 ? rest : rest.slice(0, gap);
  return {
    firstName,
    ...(gap === -1 ? {} : { lastName: rest.slice(gap).trimStart() }),
    ...(title === "" ? {} : { title }),
  };
}

function behindTitles(text: string): string {
  let rest = text;
  for (let length = titleLength(rest); length > 0; length = titleLength(rest)) {
    rest = rest.slice(length).trimStart();
  }
  return rest;
}

/** `& Mrs Smith`: two people have no one first name. */
function isOfCouple(named: string): boolean {
  const second = named.replace(joining, "");
  return second !== named && titleLength(second) > 0;
}

/** How long the title is with which the text begins; 0 for none. */
function titleLength(text: string): number {
  const word = /^(\S+)(?:\s+(\S+))?/.exec(text);
  if (!word) return 0;
  const [both = "", first = "", second] = word;
  if (second !== undefined && isTitle(`${first} ${second}`)) return both.length;
  return isTitle(first) ? first.length : 0;
}

function isTitle(written: string): boolean {
  const text = written
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/['’‘`]/g, "")
    .replaceAll(/\s+/g, " ");
  return known.has(text) || (text.endsWith(".") && known.has(text.slice(0, -1)));
}
