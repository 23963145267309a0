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

/** The mark before the fraction, as a form writes it. */
export const decimalMarks = [",", "."] as const;
export type DecimalMark = (typeof decimalMarks)[number];

/** With a told mark the other one stands between thousands, which never begin with 0. */
const told: Readonly<Record<DecimalMark, RegExp>> = {
  ",": /^[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:[. '][0-9]{3})+)?(?:,[0-9]+)?$/,
  ".": /^[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:[, '][0-9]{2,3})*[, '][0-9]{3})?(?:\.[0-9]+)?$/,
};
/** Thousands to some, a fraction to others: `12.500`, `1,234`, `1234,567`. */
const twofold = /^[+-]?[1-9](?:[0-9]{0,2}\.|[0-9]*,)[0-9]{3}$/;

/**
 * A JSON number, or a text that can be read as one number only: `1,234.50`, `1 234.5`, `1.234,50`, `12,5`. What has
 * exactly three digits behind its only mark needs `decimal`; whole numbers beyond 2^53 are refused.
 */
export function readNumber(value: unknown, decimal?: DecimalMark): Normalized<number> {
  const text = typeof value === "number" ? undefined : plainText(value);
  if (decimal === undefined && text !== undefined && twofold.test(text)) {
    return refused(
      value,
      'can be read as two numbers: say `decimal: ","` or `decimal: "."`, as the form writes it',
    );
  }
  const number = typeof value === "number" ? value : text === undefined ? undefined : numberOf(text, decimal);
  if (number === undefined || !Number.isFinite(number)) return refused(value, "is not a number");
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) return refused(value, "is too large to be kept exactly");
  return accepted(number === 0 ? 0 : number);
}

function plainText(value: unknown): string | undefined {
  return shortText(value, numberLengthMax)
    ?.replaceAll(/[\u00a0\u2007\u2009\u202f]/g, " ")
    .replaceAll("\u2019", "'")
    .replace("\u2212", "-");
}

function numberOf(text: string, decimal: DecimalMark | undefined): number | undefined {
  if (decimal !== undefined) {
    if (!told[decimal].test(text) || !/[0-9]/.test(text)) return undefined;
    const between = decimal === "," ? /[. ']/g : /[, ']/g;
    return Number(text.replace(between, "").replace(decimal, "."));
  }
  if (plain.test(text)) return Number(text);
  const grouping = groupings.find(({ shape }) => shape.test(text));
  return grouping && Number(text.replace(grouping.separator, "").replace(grouping.fractionMark, "."));
}
