import type { Store } from "../store/store.ts";

/** An update that has waited for so long should have been looked at; its wake-up may have been lost. */
export const sweepAgeMs = 30_000;
const contactsMax = 1_000;

/**
 * Wakes contacts whose updates have waited for long, a bounded number at each call. One that is woken in vain because it
 * waits for the API keeps its place, so each call goes on behind the one before: no contact stands behind those for ever.
 */
export function createSweep(
  store: { readonly mailbox: Pick<Store["mailbox"], "overdue">; readonly wake: Store["wake"] },
  clock: () => number,
): () => Promise<void> {
  let skip = 0;
  return async () => {
    const overdue = await store.mailbox.overdue(clock() - sweepAgeMs, contactsMax, skip);
    skip = overdue.length < contactsMax ? 0 : skip + contactsMax;
    for (const contact of overdue) await store.wake(contact);
  };
}
