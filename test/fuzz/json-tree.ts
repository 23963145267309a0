/** JSON as it is written: keys may be there twice, and a leaf may be any text at all. */
export type Tree =
  | { readonly raw: string }
  | { readonly list: readonly Tree[] }
  | { readonly entries: readonly (readonly [key: string, value: Tree])[] };

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { list: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return { raw: JSON.stringify(value) };
  return { entries: Object.entries(value).map(([key, item]) => [JSON.stringify(key), treeOf(item)]) };
}

export function textOf(tree: Tree): string {
  if ("raw" in tree) return tree.raw;
  if ("list" in tree) return `[${tree.list.map(textOf).join(",")}]`;
  return `{${tree.entries.map(([key, item]) => `${key}:${textOf(item)}`).join(",")}}`;
}

export function sizeOf(tree: Tree): number {
  if ("raw" in tree) return 1;
  const inner = "list" in tree ? tree.list : tree.entries.map(([, item]) => item);
  return inner.reduce((size, item) => size + sizeOf(item), 1);
}

/** The node at a place, counted from the root in the order in which they are written. */
export function nodeAt(tree: Tree, place: number): Tree {
  if (place === 0 || "raw" in tree) return tree;
  let left = place - 1;
  for (const item of "list" in tree ? tree.list : tree.entries.map(([, value]) => value)) {
    const size = sizeOf(item);
    if (left < size) return nodeAt(item, left);
    left -= size;
  }
  return tree;
}

/** What stands in place of a node: several, or none, where it is in a list or an object. */
export type Change = (node: Tree, key: string) => readonly (readonly [key: string, value: Tree])[];

export function changed(tree: Tree, place: number, change: Change): Tree {
  if (place === 0 || "raw" in tree) return change(tree, '""')[0]?.[1] ?? { raw: "" };
  const entries = "list" in tree ? tree.list.map((item) => ['""', item] as const) : tree.entries;
  let left = place - 1;
  const after = entries.flatMap(([key, item]) => {
    const size = sizeOf(item);
    const here = left >= 0 && left < size;
    const inner = left;
    left -= size;
    if (!here) return [[key, item] as const];
    return inner === 0 ? change(item, key) : [[key, changed(item, inner, change)] as const];
  });
  return "list" in tree ? { list: after.map(([, item]) => item) } : { entries: after };
}
