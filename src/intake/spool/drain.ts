import type { RelayEvent } from "../../contact/event.ts";
import type { EventLog } from "../../store/event-log.ts";
import type { StoreHealth } from "../../store/store.ts";
import { createInTime } from "../in-time.ts";

/** What the drainer needs of the store. */
export interface SpoolStore {
  accept: EventLog["accept"];
  health(deadlineMs: number): Promise<StoreHealth>;
}

/** The oldest events that are kept, in their order of arrival. Calls must not overlap. */
export interface DrainSource {
  isEmpty(): boolean;
  /** Fewer where they are large. Rejects when they cannot be read. */
  oldest(count: number): Promise<readonly RelayEvent[]>;
  /** The first so many are in the store. */
  taken(count: number): Promise<void>;
  /** The store refuses the first one and takes others: it is put where it stops nothing. */
  setAside(cause: unknown): Promise<void>;
}

export type Drained = "nothing-left" | "some" | "store-away";

const healthDeadlineMs = 1_500;
const acceptDeadlineMs = 10_000;
const batchMax = 100;
/** So often the same single event is refused before another one is tried in its place. */
const patience = 5;

/** Moves kept events to the store, oldest first, one batch at each call. Never rejects for what the store does. */
export function createDrain(source: DrainSource, store: SpoolStore): () => Promise<Drained> {
  let batchSize = batchMax;
  let stuck: { readonly id: string; times: number } | undefined;

  const inTime = createInTime(acceptDeadlineMs, "the store did not answer");

  /** The cause, when the store did not take them. */
  async function refusal(events: readonly RelayEvent[]): Promise<unknown> {
    const accepted = await inTime(store.accept(events));
    return accepted.ok ? undefined : (accepted.cause ?? new Error("the store refused"));
  }

  /** True when the store refuses this one event for what it is, not because it is away. */
  async function isRefusedForItself(event: RelayEvent): Promise<boolean> {
    stuck = stuck?.id === event.id ? stuck : { id: event.id, times: 0 };
    stuck.times += 1;
    if (stuck.times < patience) return false;
    const [, other] = await source.oldest(2);
    if (!other || (await refusal([other])) !== undefined) return false;
    return (await refusal([event])) !== undefined;
  }

  return async () => {
    if (source.isEmpty()) return "nothing-left";
    if (!(await store.health(healthDeadlineMs)).ok) return "store-away";
    const events = await source.oldest(batchSize);
    const [first] = events;
    if (!first) return "nothing-left";
    const cause = await refusal(events);
    if (cause === undefined) {
      await source.taken(events.length);
      batchSize = Math.min(batchMax, batchSize * 2);
      return "some";
    }
    batchSize = Math.max(1, Math.floor(events.length / 2));
    if (events.length > 1 || !(await isRefusedForItself(first))) return "store-away";
    await source.setAside(cause);
    return "some";
  };
}
