/** What can be written into a map: paths of the payload, fields of the contact, names of custom fields. */
export interface Vocabulary {
  readonly paths: readonly string[];
  readonly fields: readonly string[];
  readonly custom: readonly string[];
}

export interface Completions {
  /** What stands there of it already. */
  readonly word: string;
  readonly options: readonly string[];
}

/** What fits behind a text of a map: names where a name stands, paths behind its colon. */
export function completionsAt(before: string, { paths, fields, custom }: Vocabulary): Completions {
  const lines = before.split("\n");
  const line = lines.at(-1) ?? "";
  const name = /^( *)([\w -]*)$/.exec(line);
  if (!name) return { word: pathAtEndOf(line), options: paths };
  const [, indent = "", word = ""] = name;
  const options = indent === "" ? fields : isWithinCustomFields(lines, indent) ? custom : [];
  return { word, options: options.map((option) => `${option}:`) };
}

/** From the left, so that what stands between two quoted names is no name. */
function pathAtEndOf(line: string): string {
  const [last = ""] = line.match(/(?:[\w.[\]$]|`[^`]*(?:`|$))+|[^\w.[\]$`]+/g)?.slice(-1) ?? [];
  return /^[\w.[\]$`]/.test(last) ? last : "";
}

/** Whether the line above that is less indented begins the custom fields. */
function isWithinCustomFields(lines: readonly string[], indent: string): boolean {
  const above = lines
    .slice(0, -1)
    .findLast((line) => line.trim() !== "" && (/^ */.exec(line)?.[0].length ?? 0) < indent.length);
  return above?.startsWith("custom_fields:") === true;
}

export interface Problem {
  /** Both from 1; without a column it is about the whole line. */
  readonly line: number;
  readonly column?: number;
  readonly message: string;
}

/** What the relay says of a map, each at its place: `map:2:3 email: is empty`. */
export function problemsOfMap(message: string): readonly Problem[] {
  return message.split("\n").flatMap((text) => {
    const [, line, column, about] = /^map:(\d+):(\d+) (.*)$/.exec(text) ?? [];
    if (line !== undefined) return { line: Number(line), column: Number(column), message: about ?? "" };
    return text.startsWith("map: ") ? { line: 1, message: text.slice(5) } : [];
  });
}
