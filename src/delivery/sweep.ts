import type { Store } from "../store/store.ts";
import { wakeOf } from "../store/wakes.ts";

/** An update that has waited for so long should have been looked at; its wake-up may have been lost. */
export const sweepAgeMs = 30_000;
const contactsMax = 1_000;

export interface Sweep {
  /** Rejects with what the store threw. */
  run(): Promise<void>;
  /** Wake-ups may have been lost just now: the next run looks at everything that waits. */
  doubt(): void;
}

/**
 * Wakes contacts whose updates have waited for long, a bounded number at each run. One that is woken in vain because it
 * waits for the API keeps its place, so each run goes on behind the one before: no contact stands behind those for ever.
 * The first run looks at everything that waits: the process before this one may have died just before a wake-up.
 */
export function createSweep(
  store: {
    readonly mailbox: Pick<Store["mailbox"], "overdue" | "priorities">;
    readonly wakeAll: Store["wakeAll"];
  },
  clock: () => number,
): Sweep {
  let skip = 0;
  let doubted = true;
  return {
    doubt() {
      doubted = true;
      skip = 0;
    },
    async run() {
      const isDoubted = doubted;
      doubted = false;
      try {
        const overdue = await store.mailbox.overdue(
          clock() - (isDoubted ? 0 : sweepAgeMs),
          contactsMax,
          skip,
        );
        const priorities = await store.mailbox.priorities(overdue);
        await store.wakeAll(overdue.map((contact) => wakeOf(contact, priorities.get(contact) ?? "normal")));
        skip = overdue.length < contactsMax ? 0 : skip + contactsMax;
      } catch (error) {
        doubted ||= isDoubted;
        throw error;
      }
    },
  };
}
