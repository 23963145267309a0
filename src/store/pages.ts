/** Splits items, in their order, into parts of at most `sizeMax`, or of one item that is larger by itself. */
export function bySize<Item>(items: readonly Item[], sizes: readonly number[], sizeMax: number): Item[][] {
  const parts: Item[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const [index, item] of items.entries()) {
    const own = sizes[index] ?? 0;
    if (size + own > sizeMax) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(item);
    size += own;
  }
  return parts;
}
