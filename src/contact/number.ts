import { accepted, refused, shortText, type Normalized } from "./normalized.ts";

const numberLengthMax = 100;

/** JSON's own notation, and the plainer `+5`, `05` and `.5`. */
const plain = /^[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?$/i;

/** Ways of grouping digits that cannot be mistaken for one another, and the mark of the fraction in each. */
const groupings: readonly { shape: RegExp; separator: RegExp; fractionMark: string }[] = [
  { shape: /^[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?$/, separator: /,/g, fractionMark: "." },
  { shape: /^[+-]?[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?$/, separator: /,/g, fractionMark: "." },
  { shape: /^[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+$/, separator: /\./g, fractionMark: "," },
  { shape: /^[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}$/, separator: /\./g, fractionMark: "," },
  { shape: /^[+-]?[1-9][0-9]{0,2}(?:[ '][0-9]{3})+(?:[.,][0-9]+)?$/, separator: /[ ']/g, fractionMark: "," },
  { shape: /^[+-]?(?:[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]{3})$/, separator: /(?!)/g, fractionMark: "," },
];

/**
 * A JSON number, or a text that can be read as one number only: `1,234.50`, `1 234.5`, `1.234,50`, `12,5`.
 * `1,234` is read like `1,234.50`, with commas between thousands; whole numbers beyond 2^53 are refused.
 */
export function readNumber(value: unknown): Normalized<number> {
  const number = typeof value === "number" ? value : numberOf(shortText(value, numberLengthMax));
  if (number === undefined || !Number.isFinite(number)) return refused(value, "is not a number");
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) return refused(value, "is too large to be kept exactly");
  return accepted(number === 0 ? 0 : number);
}

function numberOf(text: string | undefined): number | undefined {
  const written = text
    ?.replaceAll(/[\u00a0\u2007\u2009\u202f]/g, " ")
    .replaceAll("\u2019", "'")
    .replace("\u2212", "-");
  if (written === undefined) return undefined;
  if (plain.test(written)) return Number(written);
  const grouping = groupings.find(({ shape }) => shape.test(written));
  return grouping && Number(written.replace(grouping.separator, "").replace(grouping.fractionMark, "."));
}
