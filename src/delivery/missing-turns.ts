import type { WakeJobData } from "../store/store.ts";
import { youngTries } from "./missing.ts";

/**
 * Contacts that have been missing for a while share a small rate, so that a hundred thousand of them cost the others
 * nothing: each is given its turn, which may be hours away, and is not asked about before.
 */
export interface Turns {
  /** When it may be tried, in milliseconds since the epoch; undefined for now. */
  next(job: WakeJobData): number | undefined;
}

/** @param perSecond of this process */
export function createTurns(perSecond: number, clock: () => number): Turns {
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    next({ missing = 0, turnAt, expiresAt = Number.POSITIVE_INFINITY }) {
      const now = clock();
      const isDue = turnAt !== undefined && turnAt <= now;
      if (missing < youngTries || isDue || expiresAt <= now) return undefined;
      dueAt = Math.max(now, dueAt + 1_000 / perSecond);
      // What has waited for too long is set aside without being asked about.
      return dueAt <= now ? undefined : Math.min(dueAt, expiresAt);
    },
  };
}
