import { eventStates, type EventState } from "../event-log.ts";
import type { QueueCounts } from "../store.ts";
import type { SqlPool } from "./client.ts";
import { eventTables } from "./event-rows.ts";

/** From here on a count takes a while, as PostgreSQL has to look at every one. */
const manyFrom = 10_000;
/** A count of many is used again for this many times as long as it took: so counting never takes more than a share. */
const restFactor = 20;
/** A slow count must not stand for minutes. */
const restMaxMs = 5_000;

/**
 * How many events are in each state, each counted in the index of its state. Few are exact; many are as they were a moment
 * ago, however many ask.
 */
export function createEventCounts(
  pool: SqlPool,
  prefix: string,
  elapsedMs: () => number = () => performance.now(),
): () => Promise<QueueCounts> {
  const { state: table } = eventTables(prefix);
  const known = new Map<EventState, { readonly count: number; readonly until: number }>();

  async function countOf(states: readonly EventState[]) {
    const counts = states.map(
      (state) =>
        `SELECT '${state}' AS state, count(*)::integer AS count FROM ${table} WHERE state = '${state}'`,
    );
    return (await pool.query<{ state: EventState; count: number }>(counts.join(" UNION ALL "))).rows;
  }

  /** Whoever asks while it is being counted gets the same count. */
  let counting: Promise<QueueCounts> | undefined;
  return () => {
    counting ??= countAll().finally(() => {
      counting = undefined;
    });
    return counting;
  };

  async function countAll(): Promise<QueueCounts> {
    const startedAt = elapsedMs();
    const asked = eventStates.filter((state) => (known.get(state)?.until ?? 0) <= startedAt);
    const rows = asked.length === 0 ? [] : await countOf(asked);
    const now = elapsedMs();
    const rest = Math.min((now - startedAt) * restFactor, restMaxMs);
    for (const { state, count } of rows) {
      known.set(state, { count, until: count < manyFrom ? 0 : now + rest });
    }
    const of = (state: EventState) => known.get(state)?.count ?? 0;
    return {
      waiting: of("waiting"),
      active: of("active"),
      delayed: of("delayed"),
      failed: of("failed"),
      completed: of("completed"),
    };
  }
}
