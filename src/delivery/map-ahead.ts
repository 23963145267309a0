import type { RelayEvent } from "../contact/event.ts";
import type { Source } from "../sources/source.ts";
import type { Store } from "../store/store.ts";
import type { Complete } from "./completion.ts";
import { mapEvent, planEvent, postUpdates, type EventPlan, type MapOutcome } from "./map-event.ts";

/** How long one look ahead may take before the event at hand goes on. */
const lookMs = 250;
/** Events that arrive while those of the look before are being finished wait no longer than this for the next. */
const lookAgainMs = 250;

type Posted = Extract<EventPlan, { kind: "post" }>["outcome"];

/**
 * Maps an event, and with it the updates of those that wait behind it: where finishing a job costs more than mapping it,
 * requests would otherwise leave with a part of a burst each. Nothing rests on it: every event still goes through its
 * own job, and posting twice posts once.
 *
 * @param aheadMax how many events are looked at; 0 for none
 */
export function createMapAhead(
  sources: ReadonlyMap<string, Source>,
  store: Pick<Store, "events" | "mailbox" | "wake" | "erase">,
  complete: Complete,
  aheadMax: number,
  clock: () => number,
): (event: RelayEvent) => Promise<MapOutcome> {
  const posted = new Map<string, Posted>();
  let looking: Promise<void> | undefined;
  let lookedAt = 0;
  const keyOf = ({ id, replay, withdrawn }: RelayEvent) => `${id}.${replay}.${withdrawn ?? ""}`;

  async function look(): Promise<void> {
    const startedAt = clock();
    if (posted.size > aheadMax) posted.clear();
    const found = new Map<string, Posted>();
    for (const event of await store.events.waiting(aheadMax)) {
      // What has to be fetched first waits for its own turn.
      if (posted.has(keyOf(event)) || sources.get(event.source)?.completion) continue;
      const plan = await planEvent(event, sources, complete);
      // It takes what was posted for its contact with it, and what came after it is to stay.
      if (plan.kind === "erase") break;
      if (plan.kind === "post") found.set(keyOf(event), plan.outcome);
      if (clock() - startedAt > lookMs) break;
    }
    const updates = [...found.values()].flatMap((outcome) => outcome.updates);
    await postUpdates(updates, store);
    for (const [key, outcome] of found) posted.set(key, outcome);
  }

  async function lookAhead(): Promise<void> {
    looking ??= look()
      // Of its own turn every event that could not be looked at says what was wrong.
      .catch(() => undefined)
      .finally(() => {
        looking = undefined;
        lookedAt = clock();
      });
    await looking;
  }

  return async (event) => {
    const key = keyOf(event);
    const known = posted.get(key);
    posted.delete(key);
    const outcome = known ?? (await mapEvent(event, sources, store, complete));
    if (aheadMax > 0 && (!known || clock() - lookedAt >= lookAgainMs)) await lookAhead();
    return outcome;
  };
}
