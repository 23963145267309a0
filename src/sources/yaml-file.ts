import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  visit,
  type Alias,
  type Document,
  type Node,
} from "yaml";
import type { Environment } from "../config/secret-file.ts";
import { fillVariables } from "./interpolate.ts";

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

const depthMax = 64;

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

  /** A value as it is written, from the left margin; with what its aliases stand for, where it has some. */
  yamlOf(at: Located): string {
    if (at.node === null) return "";
    return stringify(hasAlias(at.node) ? this.plain(at) : at.node, { lineWidth: 0 });
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
    const entries = new Map<string, Entry>();
    for (const entry of this.#entriesOf(at)) {
      if (entries.has(entry.name)) this.report(entry.key, "is named twice");
      else entries.set(entry.name, entry);
    }
    return [...entries.values()];
  }

  #entriesOf(at: Located): Entry[] {
    const node = this.#resolve(at);
    if (!isMap<Node | null, Node | null>(node)) return [];
    return node.items.flatMap(({ key: keyNode, value: valueNode }) => {
      // Keys are texts: whatever else stands there is a problem of the YAML.
      if (!isScalar(keyNode)) return [];
      const name = String(keyNode.value);
      const path = at.path === "" ? segment(name) : `${at.path}.${segment(name)}`;
      const key = { path, offset: startOf(keyNode) ?? at.offset, node: keyNode };
      const offset = isInline(valueNode) ? startOf(valueNode) : undefined;
      return [{ name, key, value: { path, offset: offset ?? key.offset, node: valueNode } }];
    });
  }

  /** The entries of a mapping by their names. */
  fields<Name extends string>(at: Located): ReadonlyMap<Name, Entry> {
    return new Map(this.entries(at).map((entry) => [entry.name as Name, entry]));
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

  /** A text that is not blank, its variables filled in; undefined for what is none. */
  text(at: Located, style: "text" | "expression" = "text"): string | undefined {
    const value = this.scalar(at);
    if (typeof value !== "string") return undefined;
    const { text, variables, problems } = fillVariables(value, this.#env, style);
    for (const problem of problems) this.report(at, problem);
    if (problems.length > 0) return undefined;
    if (text.trim() !== "") return text;
    const from = variables.length === 0 ? "" : ` (from ${variables.map((name) => `\${${name}}`).join(", ")})`;
    this.report(at, `is empty${from}`);
    return undefined;
  }

  /** The texts of a list. */
  texts(at: Located): readonly LocatedText[] {
    return this.items(at).flatMap((item) => {
      const text = this.text(item);
      return text === undefined ? [] : [{ text, at: item }];
    });
  }

  /** Everything below a place as JSON text, every digit of its integers kept, its variables not filled in. */
  json(at: Located): string {
    const node = this.#resolve(at);
    return node ? jsonText(node.toJS(this.#document)) : "null";
  }

  /**
   * A place as plain values, variables not filled in; of names that stand there twice the first. An integer that no number
   * holds is a bigint.
   */
  plain(at: Located = this.root, depth = 0): unknown {
    const node = this.#resolve(at);
    // An anchor may hold itself.
    if (depth > depthMax) return undefined;
    if (isSeq(node)) return this.items(at).map((item) => this.plain(item, depth + 1));
    if (!isMap(node)) return this.scalar(at);
    const first = this.#entriesOf(at).reverse();
    return Object.fromEntries(first.map(({ name, value }) => [name, this.plain(value, depth + 1)]));
  }

  /** Where a path leads, as far as it goes; `key` is the place of its last name. */
  find(path: readonly PropertyKey[]): { readonly key: Located; readonly value: Located } {
    let place = { key: this.root, value: this.root };
    for (const step of path) {
      const next = typeof step === "number" ? this.#item(place.value, step) : this.#entry(place.value, step);
      if (!next) break;
      place = next;
    }
    return place;
  }

  #item(at: Located, index: number) {
    const item = this.items(at)[index];
    return item && { key: item, value: item };
  }

  #entry(at: Located, name: PropertyKey): { readonly key: Located; readonly value: Located } | undefined {
    return this.#entriesOf(at).find((entry) => entry.name === name);
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

function hasAlias(node: Node): boolean {
  let found = false;
  visit(node, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}
