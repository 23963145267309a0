export interface GroupCommit<Item> {
  /** Settles as the write does that these items are part of. */
  add(items: readonly Item[]): Promise<void>;
  /** Runs between two writes, never beside one. */
  between<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** One write at a time; whatever comes while one is under way goes into the next one together. */
export function createGroupCommit<Item>(write: (items: readonly Item[]) => Promise<void>): GroupCommit<Item> {
  let forming: { readonly items: Item[]; readonly written: Promise<void> } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  }

  function form(): NonNullable<typeof forming> {
    const items: Item[] = [];
    const written = inTurn(() => {
      forming = undefined;
      return write(items);
    });
    return { items, written };
  }

  return {
    add(items) {
      forming ??= form();
      forming.items.push(...items);
      return forming.written;
    },
    between: inTurn,
  };
}
