/** The arithmetic of pacing (GCRA), the same in every engine. All times in milliseconds of one clock. */
export interface PaceRow {
  /** Theoretical arrival time: when the next request is due at the steady rate. */
  readonly dueAt: number;
}

/** Half a slot early is still on time: it absorbs jitter without letting two requests share a slot. */
const toleranceSlots = 0.5;

/** Reserves the next slot: when it may be used, and the row to store. */
export function reserveSlot(row: PaceRow, now: number, rate: number): { waitMs: number; row: PaceRow } {
  const slotMs = 1_000 / rate;
  const dueAt = Math.max(row.dueAt, now - toleranceSlots * slotMs);
  return { waitMs: Math.max(0, Math.ceil(dueAt - now)), row: { dueAt: dueAt + slotMs } };
}
