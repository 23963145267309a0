import { priorities, type Priority } from "../contact/priority.ts";

/** One turn in so many is a lower priority's while something of it waits. */
export const turnsPerShare = 9;

/** Whose turn it is. */
export interface Turns {
  /** Of the priorities of which something waits; undefined when there is none. The turn is then taken. */
  next(waits: (priority: Priority) => boolean): Priority | undefined;
}

/**
 * The highest priority of which something waits is next, but one that has waited for eight turns of others has the
 * ninth: however much comes of the higher ones, each of those below gets a ninth of the turns.
 */
export function createTurns(): Turns {
  const missed = { high: 0, normal: 0, low: 0 };
  return {
    next(waits) {
      const waiting = priorities.filter(waits);
      const due = waiting
        .filter((priority) => missed[priority] >= turnsPerShare - 1)
        .toSorted((a, b) => missed[b] - missed[a]);
      const next = due[0] ?? waiting[0];
      for (const priority of priorities) {
        const misses = priority !== next && waiting.includes(priority);
        missed[priority] = misses ? missed[priority] + 1 : 0;
      }
      return next;
    },
  };
}
