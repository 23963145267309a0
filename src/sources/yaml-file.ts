import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
} from "yaml";
import { didYouMean } from "./closest.ts";
import { fillVariables, type Environment } from "./interpolate.ts";

/** A value of the file, the path to it and where a reader finds it: a block's place is that of its key. */
export interface Located {
  readonly path: string;
  readonly offset: number;
  readonly node: Node | null;
}

/** One `name: value` of a mapping. */
export interface Entry {
  readonly name: string;
  readonly key: Located;
  readonly value: Located;
}

export interface LocatedText {
  readonly text: string;
  readonly at: Located;
}

/** A `bigint` is an integer that no number holds exactly. */
type Scalar = string | number | bigint | boolean | null;

/** A YAML file that is read value by value; every mistake is noted with its place and reading goes on. */
export class YamlFile {
  readonly root: Located;
  /** True when the text is not YAML at all: what it says cannot be relied on. */
  readonly isBroken: boolean;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  readonly #fileName: string;
  readonly #env: Environment;
  readonly #problems: { offset: number; text: string }[] = [];

  constructor(text: string, fileName: string, env: Environment) {
    this.#fileName = fileName;
    this.#env = env;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
      // An id of many digits is no double.
      intAsBigInt: true,
    });
    this.root = { path: "", offset: 0, node: this.#document.contents };
    for (const { pos, message } of [...this.#document.errors, ...this.#document.warnings]) {
      this.#problems.push({ offset: pos[0], text: message });
    }
    const dangling: Alias[] = [];
    visit(this.#document, {
      Alias: (_, alias) => {
        if (!alias.resolve(this.#document)) dangling.push(alias);
      },
    });
    for (const alias of dangling) {
      this.#problems.push({ offset: startOf(alias) ?? 0, text: `there is no anchor &${alias.source}` });
    }
    this.isBroken = this.#document.errors.length + dangling.length > 0;
  }

  /** `sources.yaml:12:5 sources.shop.key: must be a text`, in the order of the file. */
  get problems(): readonly string[] {
    const sorted = [...this.#problems].sort((a, b) => a.offset - b.offset);
    return sorted.map(({ offset, text }) => {
      const { line, col } = this.#lines.linePos(offset);
      return `${this.#fileName}:${Math.max(line, 1)}:${Math.max(col, 1)} ${text}`;
    });
  }

  report(at: Located, message: string): void {
    this.#problems.push({ offset: at.offset, text: at.path === "" ? message : `${at.path}: ${message}` });
  }

  isNull(at: Located): boolean {
    return this.scalar(at) === null;
  }

  isMapping(at: Located): boolean {
    return isMap(this.#resolve(at));
  }

  /** A scalar's value; undefined for a list, a mapping or a dangling alias. */
  scalar(at: Located): Scalar | undefined {
    const node = this.#resolve(at);
    if (node === null) return null;
    return isScalar<Scalar>(node) ? plainNumber(node.value) : undefined;
  }

  /** The entries of a mapping, each name once. */
  entries(at: Located): readonly Entry[] {
    const node = this.#resolve(at);
    if (!isMap<Node | null, Node | null>(node)) {
      this.report(at, this.isNull(at) ? "is empty" : "must be a mapping of `name: value`");
      return [];
    }
    const entries = new Map<string, Entry>();
    for (const { key: keyNode, value: valueNode } of node.items) {
      if (!isScalar(keyNode)) {
        this.report(at, "has a name that is not a plain text");
        continue;
      }
      const name = String(keyNode.value);
      const path = at.path === "" ? segment(name) : `${at.path}.${segment(name)}`;
      const key = { path, offset: startOf(keyNode) ?? at.offset, node: keyNode };
      const value = { path, offset: isInline(valueNode) ? startOf(valueNode) : undefined, node: valueNode };
      if (entries.has(name)) this.report(key, "is named twice");
      else entries.set(name, { name, key, value: { ...value, offset: value.offset ?? key.offset } });
    }
    return [...entries.values()];
  }

  /** The entries of a mapping whose names are fixed. */
  fields<Name extends string>(at: Located, known: readonly Name[]): ReadonlyMap<Name, Entry> {
    const fields = new Map<Name, Entry>();
    for (const entry of this.entries(at)) {
      const name = known.find((name) => name === entry.name);
      if (name !== undefined) fields.set(name, entry);
      else this.report(entry.key, `is not known here${didYouMean(entry.name, known)}`);
    }
    return fields;
  }

  /** The items of a list; a single value counts as a list of one. */
  items(at: Located): readonly Located[] {
    const node = this.#resolve(at);
    if (!isSeq<Node | null>(node)) return [at];
    return node.items.map((item, index) => ({
      path: `${at.path}[${index}]`,
      offset: startOf(item) ?? at.offset,
      node: item,
    }));
  }

  /** A text that is not blank, its variables filled in. */
  text(at: Located, style: "text" | "expression" = "text"): string | undefined {
    const value = this.scalar(at);
    if (typeof value !== "string") {
      const isPlain = typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
      const hint = isPlain ? "must be a text: put it in quotes" : "must be one text";
      this.report(at, value === null ? "is empty" : hint);
      return undefined;
    }
    const { text, variables, problems } = fillVariables(value, this.#env, style);
    for (const problem of problems) this.report(at, problem);
    if (problems.length > 0) return undefined;
    if (text.trim() !== "") return text;
    const from = variables.length === 0 ? "" : ` (from ${variables.map((name) => `\${${name}}`).join(", ")})`;
    this.report(at, `is empty${from}`);
    return undefined;
  }

  /** The texts of a list, at least one expected. */
  texts(at: Located): readonly LocatedText[] {
    const items = this.items(at);
    if (items.length === 0) this.report(at, "is an empty list");
    return items.flatMap((item) => {
      const text = this.text(item);
      return text === undefined ? [] : [{ text, at: item }];
    });
  }

  /** Everything below a place as JSON text, every digit of its integers kept, its variables not filled in. */
  json(at: Located): string {
    const node = this.#resolve(at);
    return node ? jsonText(node.toJS(this.#document)) : "null";
  }

  boolean(at: Located): boolean | undefined {
    const value = this.scalar(at);
    if (typeof value === "boolean") return value;
    this.report(at, "must be true or false");
    return undefined;
  }

  #resolve(at: Located): Node | null | undefined {
    return isAlias(at.node) ? at.node.resolve(this.#document) : at.node;
  }
}

function plainNumber(value: Scalar): Scalar {
  const isExact = typeof value === "bigint" && Number.isSafeInteger(Number(value));
  return isExact ? Number(value) : value;
}

function jsonText(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  return `{${Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}:${jsonText(item)}`)
    .join()}}`;
}

function segment(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? name : JSON.stringify(name);
}

function startOf(node: Node | null): number | undefined {
  return node?.range?.[0];
}

/** True for what begins beside its key; a block or nothing at all is found by the key. */
function isInline(node: Node | null): boolean {
  if (isMap(node) || isSeq(node)) return node.flow === true;
  return node?.range !== undefined && node.range !== null && node.range[0] < node.range[1];
}
