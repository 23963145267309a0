import { closest } from "../sources/closest.ts";
import { fileVariable, type Environment } from "./secret-file.ts";

/** One that is read. */
export interface KnownVariable {
  readonly name: string;
  readonly secret: boolean;
}

/** So short a name is near to many others'. */
const lengthMin = 8;
/** Of other programs, and near to one of ours. */
const foreign: ReadonlySet<string> = new Set(["FTP_PROXY", "ALL_PROXY", "RSYNC_PROXY"]);

/** Variables that nobody reads, and that look as if somebody thought we would: one line each. */
export function lookAlikes(env: Environment, known: readonly KnownVariable[]): readonly string[] {
  const read = new Set(known.flatMap(({ name, secret }) => (secret ? [name, fileVariable(name)] : [name])));
  const names = [...read];
  return Object.keys(env)
    .filter((name) => /^[A-Z][A-Z0-9_]*$/.test(name) && !read.has(name) && !foreign.has(name))
    .flatMap((name) => {
      const whole = known.find((variable) => fileVariable(variable.name) === name);
      if (whole) return [`${name} is not read: only secrets can be given as a file; set ${whole.name}`];
      const near = nearest(name, names);
      if (near !== undefined) return [`${name} is not a setting and is ignored; did you mean ${near}?`];
      return name.startsWith("AELYST_") ? [`${name} is not a setting and is ignored`] : [];
    })
    .sort();
}

function nearest(name: string, names: readonly string[]): string | undefined {
  const candidates = names.filter((known) => known.length >= lengthMin);
  return closest(name, candidates) ?? candidates.find((known) => leavesOut(name, known));
}

/** Whether `name` is `known` without one of its words: `SHOPIFY_SECRET`, `AELYST_TOKEN`. */
function leavesOut(name: string, known: string): boolean {
  const [words, knownWords] = [name.split("_"), known.split("_")];
  if (words.length < 2 || words[0] !== knownWords[0] || words.length !== knownWords.length - 1) return false;
  let at = 0;
  for (const word of knownWords) if (word === words[at]) at += 1;
  return at === words.length;
}
