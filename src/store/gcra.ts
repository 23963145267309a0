/** Half a slot early is still on time: it absorbs jitter without letting two requests share a slot. */
const toleranceSlots = 0.5;

/**
 * Reserves the next slot at a steady rate (GCRA). All times in milliseconds of one clock.
 *
 * @param dueAt when the next request was due, by the last reservation
 * @param rate requests per second
 * @param lateMs how long ago a slot may have been due that is still given
 * @returns how long to wait for the slot, and when the one after it is due
 */
export function reserveSlot(
  dueAt: number,
  now: number,
  rate: number,
  lateMs = 0,
): { waitMs: number; dueAt: number } {
  const slotMs = 1_000 / rate;
  const slotAt = Math.max(dueAt, now - Math.max(lateMs, toleranceSlots * slotMs));
  return { waitMs: Math.max(0, Math.ceil(slotAt - now)), dueAt: slotAt + slotMs };
}
