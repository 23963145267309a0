/** One line of a payload that is shown as a tree. */
export interface Line {
  /** `customer.emails[0]`, as the mapping's report names it; empty for the whole. */
  readonly path: string;
  readonly depth: number;
  readonly name: string;
  /** Undefined for what has lines of its own below it. */
  readonly value?: string;
}

export const linesMax = 400;

/** The tree line by line, depth first; `more` tells that there are others beyond the limit. */
export function linesOf(payload: unknown): { readonly lines: readonly Line[]; readonly more: boolean } {
  const lines: Line[] = [];
  let more = false;
  function walk(value: unknown, path: string, name: string, depth: number): void {
    if (lines.length >= linesMax) {
      more = true;
      return;
    }
    if (typeof value !== "object" || value === null) {
      lines.push({ path, depth, name, value: JSON.stringify(value) });
      return;
    }
    const isList = Array.isArray(value);
    const entries = Object.entries(value);
    const head = { path, depth, name };
    if (entries.length === 0) {
      lines.push({ ...head, value: isList ? "[]" : "{}" });
      return;
    }
    if (name !== "") lines.push(head);
    for (const [key, inner] of entries) {
      const below = isList ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
      walk(inner, below, isList ? `[${key}]` : key, name === "" ? depth : depth + 1);
    }
  }
  walk(payload, "", "", 0);
  return { lines, more };
}

/** The lines that a field was made of: the path itself, or every path that an expression names. */
export function originsOf(from: string, lines: readonly Line[]): readonly Line[] {
  const plain = (path: string) =>
    path
      .replace(/^\$\.?/, "")
      .replaceAll(/\.(\d+)(?=\.|\[|$)/g, "[$1]")
      .replaceAll(/`|\["?|"?\]/g, (mark) => (mark.startsWith("[") ? "." : ""));
  const wanted = plain(from);
  const leaves = lines.filter(({ value, path }) => value !== undefined && path !== "");
  const same = leaves.filter(({ path }) => plain(path) === wanted);
  if (same.length > 0) return same;
  return leaves.filter(({ path }) => {
    const at = wanted.indexOf(plain(path));
    const around = `${wanted[at - 1] ?? " "}${wanted[at + plain(path).length] ?? " "}`;
    return at !== -1 && !/[\w.]/.test(around);
  });
}

/** What names a line or a field within the page. */
export function anchor(kind: "payload" | "field", path: string): string {
  return `${kind}:${encodeURIComponent(path)}`;
}
