/** A clock that jumps from one sleeper to the next. Everything that runs on it is deterministic. */
export interface VirtualTime {
  now(): number;
  sleep(delayMs: number): Promise<void>;
  /** Runs until nobody sleeps any more, or `until` is reached. */
  run(until?: number): Promise<void>;
}

export function createVirtualTime(startAt: number): VirtualTime {
  let now = startAt;
  let order = 0;
  const sleepers: { at: number; order: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (delayMs) =>
      new Promise((resolve) => {
        sleepers.push({ at: now + Math.max(0, delayMs), order: order++, wake: resolve });
      }),
    async run(until = Number.POSITIVE_INFINITY) {
      for (;;) {
        for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
        sleepers.sort((a, b) => a.at - b.at || a.order - b.order);
        const next = sleepers[0];
        if (!next || next.at > until) return;
        sleepers.shift();
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}

/** Mulberry32: a small seeded generator, the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
