import { rankOf, type Priority } from "../../contact/priority.ts";
import type { Doorbell } from "../doorbell.ts";
import {
  droppedResult,
  erasedResult,
  eventStates,
  isEventId,
  turnsApart,
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

  async function runAgain(
    id: string,
    from: readonly EventState[],
    replays: 0 | 1,
    priority?: Priority,
  ): Promise<boolean> {
    if (!isEventId(id)) return false;
    const { rows } = await pool.query(
      `WITH found AS (
         SELECT s.id, coalesce($5::integer, CASE $2::integer WHEN 0 THEN s.priority ELSE e.priority END)::smallint AS priority
         FROM ${tables.state} s JOIN ${tables.event} e ON e.id = s.id WHERE s.id = $1
       )
       UPDATE ${tables.state} s SET state = 'waiting', turn = ${tables.nextTurn} + found.priority * ${turnsApart},
         priority = found.priority, attempts = 0, replay = replay + $2::integer, retried_at = $3, result = NULL,
         failure = NULL, finished_at = NULL
       FROM found
       WHERE s.id = found.id AND s.state = ANY($4::text[]) AND s.withdrawn IS NULL RETURNING s.id`,
      [id, replays, clock(), from, priority === undefined ? null : rankOf(priority)],
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
    replay: (id, priority) => runAgain(id, ["completed", "failed"], 1, priority),
    retry: (id) => runAgain(id, ["failed"], 0),
    drop: async (id) => (await withdraw([id], "dropped", ["failed"])) > 0,
    async erase(ids) {
      await withdraw(ids, "erased", eventStates);
    },
  };
}
