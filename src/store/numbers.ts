/** So much of one thing within one minute. */
export interface MinuteCount {
  /** Minutes since the epoch. */
  readonly minute: number;
  /** See `numberName`. */
  readonly name: string;
  readonly count: number;
}

/** What was counted of late, minute by minute, by all processes together. No guarantee rests on it. */
export interface Numbers {
  /** Adds these to what is there, in one write. Each name of a minute at most once. */
  add(counts: readonly MinuteCount[]): Promise<void>;
  /** In no particular order; `to` is not within. */
  read(from: number, to: number): Promise<readonly MinuteCount[]>;
}

export const numbersKeptMinutes = 48 * 60;

/**
 * `event` and `mapping` are counted by outcome and source, `request` by the class of its status, `parked` and `delivered` by
 * nothing. `delay` are the milliseconds from acceptance to delivery, `within` how many took so long, by the number of the
 * bucket.
 */
export type NumberKind = "event" | "mapping" | "request" | "parked" | "delivered" | "delay" | "within";

export interface NumberName {
  readonly kind: NumberKind;
  /** Outcome, class or bucket. */
  readonly what: string;
  readonly source: string;
}

export function numberName(kind: NumberKind, what = "", source = ""): string {
  return `${kind} ${what} ${source}`;
}

export function readNumberName(name: string): NumberName {
  const [kind = "", what = "", ...source] = name.split(" ");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only numberName makes them
  return { kind: kind as NumberKind, what, source: source.join(" ") };
}

/** The upper bounds of the buckets, in seconds; what took longer than all of them is in one more. */
export const delayBounds = [
  0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 259_200,
] as const;

export function delayBucket(seconds: number): number {
  const at = delayBounds.findIndex((bound) => seconds <= bound);
  return at === -1 ? delayBounds.length : at;
}

/** Below which so much of all lies, in seconds, as exactly as the buckets tell; undefined where there is nothing. */
export function delayQuantile(buckets: readonly number[], share: number): number | undefined {
  const all = buckets.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let below = 0;
  for (const [at, count] of buckets.entries()) {
    if (count > 0 && below + count >= all * share) {
      const least = at === 0 ? 0 : (delayBounds[at - 1] ?? 0);
      const most = delayBounds[at] ?? least;
      return least + ((most - least) * (all * share - below)) / count;
    }
    below += count;
  }
  return delayBounds.at(-1);
}
