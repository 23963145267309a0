import * as z from "zod";

/** In a choice of words as well: `${REGION}`. */
export const variable = { type: "string", pattern: String.raw`\$\{[A-Za-z_]` };

type Wording = (input: unknown) => string;

const isPlain = (input: unknown) => ["number", "boolean", "bigint"].includes(typeof input);

function textWords(needs = "is empty"): Wording {
  return (input) => {
    if (input === undefined) return needs;
    if (input === null) return "is empty";
    return isPlain(input) ? "must be a text: put it in quotes" : "must be one text";
  };
}

export function text(needs?: string) {
  const words = textWords(needs);
  return z.string({ error: ({ input }) => words(input) }).meta({ pattern: String.raw`\S` });
}

/** One text of a few; a variable may stand for it. */
export function oneOf(words: readonly string[]) {
  return text().meta({ anyOf: [{ enum: [...words] }, variable] });
}

/** A list of texts; a single one counts as a list of one. */
export function texts<Item extends z.ZodType>(item: Item) {
  return z.union([item, z.array(item).min(1, { error: "is an empty list" })]);
}

/** A number, true or false is taken as it is printed. */
export function printed() {
  return z.union([text(), z.number(), z.boolean(), z.bigint()]);
}
