import * as fc from "fast-check";
import { changed, nodeAt, sizeOf, textOf, treeOf, type Change, type Tree } from "./json-tree.ts";

/** Texts that are, or once were, somebody's downfall. */
export const hostileTexts: readonly string[] = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "a\udc00b",
  "\ufeff",
  "\u202e\u200f",
  "👩‍👩‍👧‍👦",
  "e\u0301\u0323".repeat(200),
  "__proto__",
  "constructor",
  "toString",
  "then",
  "length",
  "null",
  "NaN",
  "-0",
  "1e999",
  "9".repeat(400),
  "+60123456789",
  `+${"9".repeat(300)}`,
  "a@b",
  `${"a".repeat(300)}@example.com`,
  `${"a.".repeat(5_000)}@`,
  "siti@example.com\r\nBcc: x@example.com",
  "2026-02-30T25:61:61Z",
  "+275760-09-13T00:00:00.001Z",
  "0000-00-00 00:00:00",
  "<b>".repeat(3_000),
  "(".repeat(10_000),
  "[]".repeat(2_000),
  "a[b][c][d]",
  "%00%ff%",
  "$eval('1')",
  "${HOME}{{x}}",
  "http://[::1",
  "x".repeat(50_000),
];

/** JSON as it is written, valid and not. */
const hostileValues: readonly string[] = [
  String.raw`"\ud800"`,
  String.raw`"\u0000"`,
  '"\n"',
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-1",
  "1.5",
  "1e308",
  "1e999",
  "-1e999",
  "8640000000000001",
  "9007199254740993",
  "9".repeat(400),
  "01",
  "[]",
  "{}",
  "[null]",
  "[[[]]]",
  '{"__proto__":{"email":"a@b.example"},"constructor":null,"toString":1,"hasOwnProperty":1}',
  '{"then":1,"length":-1,"valueOf":null}',
  `${"[".repeat(63)}${"]".repeat(63)}`,
  `${"[".repeat(70)}${"]".repeat(70)}`,
  "[".repeat(5_000),
  '{"a":'.repeat(5_000),
  "undefined",
  "NaN",
  "'a'",
  "",
];

type Op =
  | "drop"
  | "twice"
  | "replace"
  | "empty"
  | "wrap"
  | "unwrap"
  | "retype"
  | "rename"
  | "graft"
  | "many"
  | "grow";

interface Mutation {
  readonly op: Op;
  readonly place: number;
  readonly from: number;
  readonly value: string;
  readonly key: string;
}

const ops: readonly Op[] = [
  "drop",
  "twice",
  "replace",
  "replace",
  "replace",
  "empty",
  "wrap",
  "unwrap",
  "retype",
  "rename",
  "graft",
  "many",
  "grow",
];

const mutation: fc.Arbitrary<Mutation> = fc.record({
  op: fc.constantFrom(...ops),
  // What says what an event is stands near its beginning.
  place: fc.oneof(fc.nat({ max: 25 }), fc.nat()),
  from: fc.nat(),
  value: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...hostileTexts).map((text) => JSON.stringify(text)) },
    { weight: 2, arbitrary: fc.constantFrom(...hostileValues) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  ),
  key: fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ unit: "binary", maxLength: 20 })),
});

/** JSON texts that once were these: some of their values dropped, doubled, of another type, too deep, too large. */
export function mutatedJson(texts: readonly string[]): fc.Arbitrary<string> {
  const trees = texts.map((text) => treeOf(JSON.parse(text)));
  return fc
    .tuple(fc.constantFrom(...trees), fc.array(mutation, { minLength: 1, maxLength: 5 }))
    .map(([tree, mutations]) => textOf(mutations.reduce(mutate, tree)));
}

function mutate(tree: Tree, { op, place, from, value, key }: Mutation): Tree {
  const size = sizeOf(tree);
  const donor = nodeAt(tree, from % size);
  const name = JSON.stringify(key);
  const changes: Readonly<Record<Op, Change>> = {
    drop: () => [],
    twice: (node, own) => [
      [own, node],
      [own, from % 2 === 0 ? node : { raw: value }],
    ],
    replace: (_node, own) => [[own, { raw: value }]],
    empty: (node, own) => [
      [own, "list" in node ? { list: [] } : "entries" in node ? { entries: [] } : { raw: '""' }],
    ],
    wrap: (node, own) => [[own, wrapped(node, 1 + (from % 70), from % 2 === 0)]],
    unwrap: (node, own) => [[own, "raw" in node ? node : nodeAt(node, 1)]],
    retype: (node, own) => [[own, retyped(node)]],
    rename: (node) => [[name, node]],
    graft: (_node, own) => [[own, donor]],
    // Bounded: a document of the sample's size, fifty times.
    many: (node, own) => Array.from({ length: sizeOf(node) > 100 ? 5 : 50 }, () => [own, node] as const),
    grow: (node, own) => [
      [own, node],
      [name, { raw: value }],
    ],
  };
  return sizeOf(tree) > 20_000 ? tree : changed(tree, place % size, changes[op]);
}

function wrapped(node: Tree, levels: number, inLists: boolean): Tree {
  let outer = node;
  for (let level = 0; level < levels; level += 1) {
    outer = inLists ? { list: [outer] } : { entries: [['"a"', outer]] };
  }
  return outer;
}

function retyped(node: Tree): Tree {
  if ("list" in node) return { entries: node.list.map((item, index) => [`"${index}"`, item]) };
  if ("entries" in node) return { list: node.entries.map(([, item]) => item) };
  return node.raw.startsWith('"') ? { raw: String(node.raw.length) } : { raw: JSON.stringify(node.raw) };
}

/** Bytes with a part of them replaced, cut off or put into another encoding. */
export function damaged(whole: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      whole,
      fc.oneof(
        { weight: 3, arbitrary: fc.constant("as it is") },
        { weight: 1, arbitrary: fc.constantFrom("splice", "cut", "utf16", "mark", "twice") },
      ),
      fc.nat(),
      fc.uint8Array({ maxLength: 6 }),
    )
    .map(([bytes, how, place, spliced]) => {
      const start = place % (bytes.length + 1);
      switch (how) {
        case "splice":
          return Buffer.concat([bytes.subarray(0, start), spliced, bytes.subarray(start + spliced.length)]);
        case "cut":
          return bytes.subarray(0, start);
        case "utf16":
          return Buffer.from(bytes.toString("utf8"), "utf16le");
        case "mark":
          return Buffer.concat([Buffer.from("\ufeff"), bytes]);
        case "twice":
          return Buffer.concat([bytes, bytes]);
        case "as it is":
          return bytes;
      }
    });
}
