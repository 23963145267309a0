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
import { parkedTables } from "./parked-tables.ts";

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
  const parked = parkedTables(options.prefix);

  async function runAgain(
    id: string,
    from: readonly EventState[],
    replays: 0 | 1,
    priority?: Priority,
    run?: number,
  ): Promise<boolean> {
    if (!isEventId(id)) return false;
    const { rows } = await pool.query(
      `WITH found AS (
         SELECT s.id, s.state, s.parked_group, e.source, coalesce($5::integer, CASE $2::integer WHEN 0 THEN s.priority ELSE e.priority END)::smallint AS priority
         FROM ${tables.state} s JOIN ${tables.event} e ON e.id = s.id WHERE s.id = $1 FOR UPDATE OF s
       ), again AS (
       UPDATE ${tables.state} s SET state = 'waiting', turn = ${tables.nextTurn} + found.priority * ${turnsApart},
         priority = found.priority, attempts = 0, replay = replay + $2::integer, retried_at = $3, result = NULL,
         failure = NULL, finished_at = NULL, parked_group = NULL
       FROM found
       WHERE s.id = found.id AND s.state = ANY($4::text[]) AND s.withdrawn IS NULL
         AND ($6::integer IS NULL OR s.replay = $6::integer) RETURNING s.id
       ), moved AS (
         SELECT parked_group AS key, source, -1 AS change FROM found JOIN again USING (id)
         WHERE state = 'failed' AND parked_group IS NOT NULL
       ), ${parked.counted}
       SELECT id FROM again`,
      [id, replays, clock(), from, priority === undefined ? null : rankOf(priority), run ?? null],
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
         SELECT id, state, parked_group FROM ${tables.state} WHERE id = ANY($1::text[]) AND state = ANY($2::text[])
         ORDER BY id FOR UPDATE
       ), withdrawn AS (
         UPDATE ${tables.state} s SET
           withdrawn = $3, erased = NULL, failure = NULL, waits_for = NULL, parked_group = NULL,
           state = CASE s.state WHEN 'active' THEN 'active' ELSE 'completed' END,
           result = CASE WHEN s.state <> 'active' THEN $4 END,
           due_at = CASE s.state WHEN 'active' THEN s.due_at END,
           finished_at = CASE s.state WHEN 'active' THEN NULL WHEN 'completed' THEN s.finished_at ELSE $5::bigint END
         FROM held WHERE s.id = held.id RETURNING s.id
       ), moved AS (
         SELECT held.parked_group AS key, e.source, -1 AS change FROM held JOIN ${tables.event} e ON e.id = held.id
         WHERE held.state = 'failed' AND held.parked_group IS NOT NULL
       ), ${parked.counted}
       UPDATE ${tables.event} e SET payload = 'null', attributes = '{}'
       FROM withdrawn WHERE e.id = withdrawn.id RETURNING e.id`,
      [known, from, how, JSON.stringify(how === "erased" ? erasedResult : droppedResult), clock()],
    );
    return rows.length;
  }

  return {
    replay: (id, priority, run) => runAgain(id, ["completed", "failed"], 1, priority, run),
    retry: (id) => runAgain(id, ["failed"], 0),
    drop: async (id) => (await withdraw([id], "dropped", ["failed"])) > 0,
    async erase(ids) {
      await withdraw(ids, "erased", eventStates);
    },
  };
}
