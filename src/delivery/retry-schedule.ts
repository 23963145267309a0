/** A first delay and its cap, in milliseconds. */
export interface Schedule {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The delay before the next attempt: doubling from `firstMs` to `maxMs`, with jitter over its upper half,
 * and never before a hint of the API's (Retry-After). Total: any input gives a delay of at least 1 ms.
 *
 * @param attempt consecutive failures so far, 1 for the first
 * @param random in [0, 1)
 */
export function retryDelayMs(
  schedule: Schedule,
  attempt: number,
  hintMs: number | undefined,
  random: number,
): number {
  const doublings = Math.min(Math.max(0, Math.floor(attempt) - 1 || 0), 40);
  const full = Math.min(schedule.firstMs * 2 ** doublings, schedule.maxMs);
  const jittered = full * (1 - Math.min(Math.max(random, 0), 1) / 2);
  return Math.max(1, Math.ceil(jittered), Math.ceil(hintMs ?? 0));
}
