import { rankOf } from "../../contact/priority.ts";
import type { KindArchive } from "../archive-kinds.ts";
import type { ArchivedEvent, ArchivedWindow } from "../archive-port.ts";
import { pageBytesMax, pageRecordsMax } from "../archive.ts";
import { turnsApart, windowId } from "../event-log.ts";
import { groupOfEvent } from "../parked-groups.ts";
import { storable } from "../storable.ts";
import type { StoreOptions } from "../store.ts";
import type { SqlPool, SqlResult } from "./client.ts";
import {
  columnsOf,
  eventColumns,
  eventOf,
  eventTables,
  outcomeColumns,
  outcomeOf,
  type EventRow,
  type OutcomeRow,
} from "./event-rows.ts";
import { parkedTables } from "./parked-tables.ts";

interface WindowRow {
  readonly id: string;
  readonly event_id: string;
  readonly expires_at: string | number;
}

export function createWindowArchive(
  pool: SqlPool,
  options: StoreOptions,
  clock: () => number,
): KindArchive<"window"> {
  const { window: table } = eventTables(options.prefix);

  async function* exportAll(): AsyncGenerator<ArchivedWindow> {
    for (let after = ""; ;) {
      const { rows } = await pool.query<WindowRow>(
        `SELECT id, event_id, expires_at FROM ${table}
         WHERE id > $1 AND expires_at > $2 ORDER BY id LIMIT ${pageRecordsMax}`,
        [after, clock()],
      );
      const last = rows.at(-1);
      if (!last) return;
      yield* rows.map(windowOf);
      after = last.id;
    }
  }

  return {
    export: exportAll,
    /** The first event keeps its window, unless that is over; the same event's window only grows. */
    async import(records) {
      const current = records.map(storable).filter(({ expiresAt }) => expiresAt > clock());
      if (current.length === 0) return;
      await pool.query(
        `INSERT INTO ${table} AS held (id, event_id, expires_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
         ON CONFLICT (id) DO UPDATE SET event_id = excluded.event_id, expires_at = excluded.expires_at
           WHERE held.expires_at <= $4
             OR (held.event_id = excluded.event_id AND held.expires_at < excluded.expires_at)`,
        [
          current.map(({ id }) => id),
          current.map(({ eventId }) => eventId),
          current.map(({ expiresAt }) => Math.round(expiresAt)),
          clock(),
        ],
      );
    },
    async find(records) {
      const ids = records.map(({ id }) => storable(id));
      const { rows } = await pool.query<WindowRow>(
        `SELECT id, event_id, expires_at FROM ${table} WHERE id = ANY($1::text[]) AND expires_at > $2`,
        [ids, clock()],
      );
      const held = new Map(rows.map((row) => [row.id, windowOf(row)]));
      return ids.map((id) => held.get(id));
    },
  };
}

function windowOf(row: WindowRow): ArchivedWindow {
  return { kind: "window", id: row.id, eventId: row.event_id, expiresAt: Number(row.expires_at) };
}

interface ArchivedRow extends EventRow, OutcomeRow {
  readonly attempts: number;
  readonly accepted_at: string | number;
  readonly due_at: string | number | null;
  readonly claimed: boolean | null;
  readonly position: string;
}

/** What is done by id; what is to be done in its turn, oldest first. */
const exported = [
  { state: "completed", order: "id" },
  { state: "failed", order: "id" },
  { state: "active", order: "turn" },
  { state: "waiting", order: "turn" },
  { state: "delayed", order: "id" },
] as const;

export function createEventArchive(
  pool: SqlPool,
  options: StoreOptions,
  clock: () => number,
): KindArchive<"event"> {
  const tables = eventTables(options.prefix);
  const columns = `${eventColumns}, ${outcomeColumns}, s.attempts, e.accepted_at, s.due_at,
    (SELECT w.event_id = e.id FROM ${tables.window} w WHERE w.id = e.source || '.' || e.identity) AS claimed`;
  const both = `${tables.state} s JOIN ${tables.event} e ON e.id = s.id`;

  /** Text that is stored compressed counts as it is stored, so a page is cut where it could become too much. */
  async function* pagesOf({ state, order }: (typeof exported)[number]): AsyncGenerator<ArchivedRow[]> {
    let after = order === "id" ? "" : "-9223372036854775808";
    for (;;) {
      const { rows }: SqlResult<ArchivedRow> = await pool.query<ArchivedRow>(
        `SELECT * FROM (
           SELECT next.*, sum(bytes) OVER (ORDER BY sorted) - bytes AS bytes_before FROM (
             SELECT ${columns}, s.${order} AS sorted, s.${order}::text AS position,
               pg_column_size(e.payload)::bigint AS bytes
             FROM ${both} WHERE s.state = '${state}' AND s.${order} > $1::${order === "id" ? "text" : "bigint"}
             ORDER BY s.${order} LIMIT ${pageRecordsMax}) next) cut
         WHERE bytes_before <= ${pageBytesMax / 4} ORDER BY sorted`,
        [after],
      );
      const last = rows.at(-1);
      if (!last) return;
      after = last.position;
      yield rows;
    }
  }

  async function* exportAll(): AsyncGenerator<ArchivedEvent> {
    for (const part of exported) {
      for await (const rows of pagesOf(part)) yield* rows.map(archivedOf);
    }
  }

  async function find(ids: readonly string[]): Promise<(ArchivedEvent | undefined)[]> {
    const { rows } = await pool.query<ArchivedRow>(
      `SELECT ${columns} FROM ${both} WHERE s.id = ANY($1::text[])`,
      [ids],
    );
    const held = new Map(rows.map((row) => [row.id, archivedOf(row)]));
    return ids.map((id) => held.get(id));
  }

  /**
   * In one statement. One that is there already stays, unless the given one is further: erased or dropped while that one
   * is not, finished while that one still waits, or a later run. One that would be a duplicate is left out.
   */
  async function put(records: readonly ArchivedEvent[]): Promise<void> {
    if (records.length === 0) return;
    const now = clock();
    const { uncount } = parkedTables(options.prefix);
    await pool.query(uncount);
    await pool.query(
      `WITH given AS (
         SELECT g.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::integer[], $15::integer[],
             $16::bigint[], $17::bigint[], $18::bigint[], $19::text[], $20::text[], $21::text[], $22::text[],
             $23::text[], $24::boolean[], $25::smallint[], $26::text[]) WITH ORDINALITY
           AS g (id, "window", source, provider, identity, type, attributes, occurred_at, received_at, accepted_at,
             payload, state, attempts, replay, retried_at, due_at, finished_at, erased, withdrawn, result, failure,
             waits_for, claimed, priority, parked_group, ord)
         WHERE NOT (g.claimed AND g.state IN ('waiting', 'delayed') AND EXISTS (
           SELECT 1 FROM ${tables.window} w WHERE w.id = g."window" AND w.event_id <> g.id AND w.expires_at > $1))
       ), taken AS (
         INSERT INTO ${tables.state} AS held (id, state, attempts, replay, retried_at, due_at, finished_at, erased,
           withdrawn, result, failure, waits_for, parked_group, priority, turn)
         SELECT id, state, attempts, replay, retried_at, due_at, finished_at, erased, withdrawn, result, failure,
           waits_for, parked_group, priority, ${tables.nextTurn} + priority * ${turnsApart}
         FROM given ORDER BY ord
         ON CONFLICT (id) DO UPDATE SET
           turn = excluded.turn, priority = excluded.priority, state = excluded.state, attempts = excluded.attempts, replay = excluded.replay,
           retried_at = excluded.retried_at, lease = NULL, due_at = excluded.due_at,
           finished_at = excluded.finished_at, erased = excluded.erased, withdrawn = excluded.withdrawn,
           result = excluded.result, failure = excluded.failure, waits_for = excluded.waits_for,
           parked_group = excluded.parked_group
         WHERE CASE WHEN (excluded.withdrawn IS NULL) <> (held.withdrawn IS NULL) THEN excluded.withdrawn IS NOT NULL
           ELSE excluded.replay > held.replay
             OR (excluded.replay = held.replay
               AND excluded.state IN ('completed', 'failed') AND held.state NOT IN ('completed', 'failed')) END
         RETURNING id
       )
       INSERT INTO ${tables.event} (id, source, provider, identity, type, attributes, occurred_at, received_at,
         accepted_at, payload, priority)
       SELECT id, source, provider, identity, type, attributes, occurred_at, received_at, accepted_at, payload, priority
       FROM given JOIN taken USING (id) ORDER BY ord
       ON CONFLICT (id) DO UPDATE SET attributes = excluded.attributes, payload = excluded.payload`,
      [now, ...columnsOf(records.map(storable), keptColumns(now))],
    );
    await pool.query(uncount);
  }

  return {
    export: exportAll,
    import: put,
    find: (records) => find(records.map(({ event }) => event.id)),
  };
}

function keptColumns(now: number) {
  const time = (at: number | undefined) => (at === undefined ? null : Math.round(at));
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  return [
    ({ event }: ArchivedEvent) => event.id,
    ({ event }: ArchivedEvent) => windowId(event),
    ({ event }: ArchivedEvent) => event.source,
    ({ event }: ArchivedEvent) => event.provider,
    ({ event }: ArchivedEvent) => event.identity,
    ({ event }: ArchivedEvent) => event.type,
    ({ event }: ArchivedEvent) => JSON.stringify(event.attributes),
    ({ event }: ArchivedEvent) => Math.round(event.occurredAt),
    ({ event }: ArchivedEvent) => Math.round(event.receivedAt),
    ({ acceptedAt }: ArchivedEvent) => Math.round(acceptedAt),
    ({ event }: ArchivedEvent) => event.payload,
    ({ state }: ArchivedEvent) => state,
    ({ attempts }: ArchivedEvent) => attempts,
    ({ event }: ArchivedEvent) => event.replay,
    ({ event }: ArchivedEvent) => time(event.retriedAt),
    ({ state, dueAt }: ArchivedEvent) => (state === "delayed" ? time(dueAt ?? now) : null),
    ({ state, finishedAt, acceptedAt }: ArchivedEvent) =>
      state === "completed" || state === "failed" ? time(finishedAt ?? acceptedAt) : null,
    ({ event }: ArchivedEvent) => json(event.erased),
    ({ event }: ArchivedEvent) => event.withdrawn ?? null,
    ({ result }: ArchivedEvent) => json(result),
    ({ failure }: ArchivedEvent) => failure ?? null,
    ({ waitsFor }: ArchivedEvent) => waitsFor ?? null,
    ({ claimed }: ArchivedEvent) => claimed,
    ({ event }: ArchivedEvent) => rankOf(event.priority),
    ({ state, failure }: ArchivedEvent) => (state === "failed" ? groupOfEvent(failure ?? "unknown") : null),
  ];
}

function archivedOf(row: ArchivedRow): ArchivedEvent {
  const acceptedAt = Number(row.accepted_at);
  const { state, finishedAt = acceptedAt, result, failure = "unknown", waitsFor } = outcomeOf(row);
  const { attempts } = row;
  const base = {
    kind: "event",
    event: eventOf(row),
    attempts,
    acceptedAt,
    claimed: row.claimed === true,
  } as const;
  switch (state) {
    case "completed":
      return { ...base, state, finishedAt, ...(result ? { result } : {}) };
    case "failed":
      return { ...base, state, finishedAt, failure };
    case "delayed":
      return {
        ...base,
        state,
        ...(row.due_at === null ? {} : { dueAt: Number(row.due_at) }),
        ...(waitsFor === undefined ? {} : { waitsFor }),
      };
    case "waiting":
    case "active":
      return { ...base, state: "waiting" };
  }
}
