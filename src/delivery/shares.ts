import type { Priority } from "../contact/priority.ts";
import type { Store } from "../store/store.ts";
import type { Shares as Counts } from "../store/wakes.ts";
import { turnsPerShare } from "./turns.ts";

/** More often than that nobody is let forward. */
const askEveryMs = 250;

export interface Shares {
  /** A wake-up was taken. `forward`: it had been let forward. */
  taken(priority: Priority, forward: boolean): void;
}

/**
 * The queue gives out wake-ups strictly by priority, so the lower ones would wait for as long as higher ones come. For
 * every eight that are taken of others, one of each lower priority is let go before all. Each process counts its own:
 * together that is a ninth, whoever comes and goes.
 */
export function createShares(
  store: Pick<Store, "letForward">,
  clock: () => number,
  onError: (error: unknown) => void,
): Shares {
  const others = turnsPerShare - 1;
  const missed = { normal: 0, low: 0 };
  let asking = false;
  let askedAt = Number.NEGATIVE_INFINITY;

  async function ask(): Promise<void> {
    asking = true;
    askedAt = clock();
    const due: Counts = {
      normal: Math.floor(missed.normal / others),
      low: Math.floor(missed.low / others),
    };
    try {
      const found = await store.letForward(due);
      for (const priority of ["normal", "low"] as const) {
        // What does not wait misses nothing.
        if (found[priority] < due[priority]) missed[priority] = 0;
        else missed[priority] = Math.max(0, missed[priority] - due[priority] * others);
      }
    } catch (error) {
      onError(error);
    } finally {
      asking = false;
    }
  }

  return {
    taken(priority, forward) {
      for (const lower of ["normal", "low"] as const) {
        if (lower !== priority) missed[lower] += 1;
        else if (!forward) missed[lower] = 0;
      }
      const isDue = Math.max(missed.normal, missed.low) >= others;
      if (isDue && !asking && Math.abs(clock() - askedAt) >= askEveryMs) void ask();
    },
  };
}
