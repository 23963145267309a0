import type { Doorbell } from "../doorbell.ts";
import {
  droppedResult,
  erasedResult,
  eventStates,
  isEventId,
  type EventLog,
  type EventState,
} from "../event-log.ts";
import type { StoreOptions } from "../store.ts";
import type { SqlPool } from "./client.ts";
import { eventTables } from "./event-rows.ts";

type Changes = Pick<EventLog, "replay" | "retry" | "drop" | "erase">;
type Withdrawal = "erased" | "dropped";

/** What a person changes in the log; each is one statement. */
export function createEventChanges(
  pool: SqlPool,
  options: StoreOptions,
  clock: () => number,
  doorbell: Doorbell,
): Changes {
  const tables = eventTables(options.prefix);

  async function runAgain(id: string, replays: 0 | 1, from: readonly EventState[]): Promise<boolean> {
    if (!isEventId(id)) return false;
    const { rows } = await pool.query(
      `UPDATE ${tables.state} SET state = 'waiting', turn = ${tables.nextTurn}, attempts = 0, replay = replay + $2,
         retried_at = $3, result = NULL, failure = NULL, finished_at = NULL
       WHERE id = $1 AND state = ANY($4::text[]) AND withdrawn IS NULL RETURNING id`,
      [id, replays, clock(), from],
    );
    if (rows.length === 0) return false;
    doorbell.ring();
    return true;
  }

  /** One that is being mapped stays so: whoever concludes it finds that it was withdrawn. */
  async function withdraw(
    ids: readonly string[],
    how: Withdrawal,
    from: readonly EventState[],
  ): Promise<number> {
    const known = ids.filter(isEventId);
    if (known.length === 0) return 0;
    const { rows } = await pool.query(
      `WITH held AS (
         SELECT id FROM ${tables.state} WHERE id = ANY($1::text[]) AND state = ANY($2::text[]) ORDER BY id FOR UPDATE
       ), withdrawn AS (
         UPDATE ${tables.state} s SET
           withdrawn = $3, erased = NULL, failure = NULL, waits_for = NULL,
           state = CASE s.state WHEN 'active' THEN 'active' ELSE 'completed' END,
           result = CASE WHEN s.state <> 'active' THEN $4 END,
           due_at = CASE s.state WHEN 'active' THEN s.due_at END,
           finished_at = CASE s.state WHEN 'active' THEN NULL WHEN 'completed' THEN s.finished_at ELSE $5::bigint END
         FROM held WHERE s.id = held.id RETURNING s.id
       )
       UPDATE ${tables.event} e SET payload = 'null', attributes = '{}'
       FROM withdrawn WHERE e.id = withdrawn.id RETURNING e.id`,
      [known, from, how, JSON.stringify(how === "erased" ? erasedResult : droppedResult), clock()],
    );
    return rows.length;
  }

  return {
    replay: (id) => runAgain(id, 1, ["completed", "failed"]),
    retry: (id) => runAgain(id, 0, ["failed"]),
    drop: async (id) => (await withdraw([id], "dropped", ["failed"])) > 0,
    async erase(ids) {
      await withdraw(ids, "erased", eventStates);
    },
  };
}
