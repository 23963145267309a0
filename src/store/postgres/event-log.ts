import { randomUUID } from "node:crypto";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate, RelayEvent } from "../../contact/event.ts";
import { priorityOf, rankOf } from "../../contact/priority.ts";
import { createSharedClaim } from "../claim-shares.ts";
import { createDoorbell, type Doorbell } from "../doorbell.ts";
import {
  claimBytesMax,
  droppedResult,
  erasedResult,
  turnsApart,
  usualLeaseMs,
  windowId,
  type Acceptance,
  type Claimed,
  type Conclusion,
  type EventLog,
} from "../event-log.ts";
import { groupOfEvent } from "../parked-groups.ts";
import { storable } from "../storable.ts";
import type { StoreOptions } from "../store.ts";
import type { Wake } from "../wakes.ts";
import type { SqlPools } from "./client.ts";
import { createEventChanges } from "./event-changes.ts";
import { createEventReads } from "./event-reads.ts";
import { columnsOf, eventColumns, eventOf, eventTables, type EventRow } from "./event-rows.ts";
import { createEventForgetter } from "./mailbox.ts";
import { parkedTables } from "./parked-tables.ts";
import { createPruner } from "./pruner.ts";
import { traceText } from "./trace-column.ts";

type Writes = Pick<EventLog, "accept" | "claim" | "extend" | "conclude">;

/** A claim looks this often for leases and delays that are over. */
const setBackEveryMs = 100;
const setBackMax = 1_000;
/** Whether a contact has a usual update among those that wait is looked for in so many of them. */
const lookedAtMax = 50;

/** The log in tables of its own. `pollMs`: how soon events are found that another process accepted. */
export function createSqlEventLog(
  pools: SqlPools,
  options: StoreOptions,
  clock: () => number,
  pollMs: number,
): EventLog {
  const doorbell = createDoorbell(pollMs);
  return {
    ...createEventWrites(pools, options, clock, doorbell),
    ...createEventChanges(pools.pool, options, clock, doorbell),
    // An operator who reads much keeps no sender waiting.
    ...createEventReads(pools.working, options),
    arrival: () => doorbell.heard(),
  };
}

/** Rows that many may want at once are locked in the order of their ids, so that nobody waits for one another. */
function createEventWrites(
  { pool: durable, working: pool }: SqlPools,
  options: StoreOptions,
  clock: () => number,
  doorbell: Doorbell,
): Writes {
  const tables = eventTables(options.prefix);
  const { schema } = tables;
  const parked = parkedTables(options.prefix);
  const leaseMs = options.leaseMs ?? usualLeaseMs;
  const pruner = createPruner(pool, options, clock);
  const forgetNowAndThen = createEventForgetter(pool, options, clock);
  let setBackAt = Number.NEGATIVE_INFINITY;

  async function accept(events: readonly RelayEvent[]): Promise<readonly Acceptance[]> {
    if (events.length === 0) return [];
    const now = clock();
    const { rows } = await durable.query<{ event_id: string }>(
      `WITH given AS (
         SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
             $10::bigint[], $11::bigint[], $12::integer[], $13::text[], $14::smallint[]) WITH ORDINALITY
           AS g (id, "window", source, provider, identity, type, attributes, occurred_at, received_at, replay, payload,
             priority, ord)
       ), firsts AS (
         SELECT DISTINCT ON ("window" COLLATE "C") "window", id FROM given ORDER BY "window" COLLATE "C", ord
       ), held AS (
         INSERT INTO ${tables.window} AS kept (id, event_id, expires_at)
         SELECT "window", id, $1::bigint + $2::bigint FROM firsts ORDER BY "window" COLLATE "C"
         ON CONFLICT (id) DO UPDATE SET
           event_id = CASE WHEN kept.expires_at > $1 THEN kept.event_id ELSE excluded.event_id END,
           expires_at = CASE WHEN kept.expires_at > $1 THEN kept.expires_at ELSE excluded.expires_at END
         RETURNING id AS "window", event_id
       ), fresh AS (
         SELECT given.* FROM given JOIN held USING ("window") WHERE held.event_id = given.id
       ), taken AS (
         INSERT INTO ${tables.event} (id, source, provider, identity, type, attributes, occurred_at, received_at,
           accepted_at, payload, priority)
         SELECT id, source, provider, identity, type, attributes, occurred_at, received_at, $1, payload, priority
         FROM fresh ORDER BY ord
         ON CONFLICT (id) DO NOTHING RETURNING id
       ), begun AS (
         INSERT INTO ${tables.state} (id, state, replay, priority, turn)
         SELECT id, 'waiting', replay, priority, ${tables.nextTurn} + priority * ${turnsApart} FROM fresh JOIN taken USING (id) ORDER BY ord
         ON CONFLICT (id) DO NOTHING
       )
       SELECT held.event_id FROM given JOIN held USING ("window") ORDER BY given.ord`,
      [now, Math.ceil(options.retentionMs), ...columnsOf(events.map(storable), acceptedColumns)],
    );
    doorbell.ring();
    return events.map((event, index) => {
      const id = rows[index]?.event_id;
      if (id === undefined) throw new Error("the database answered without an id");
      return { id, duplicate: id !== event.id };
    });
  }

  /** Leases that have run out and delays that are over. */
  async function setBackDue(): Promise<void> {
    const now = clock();
    if (Math.abs(now - setBackAt) < setBackEveryMs) return;
    setBackAt = now;
    await pool.query(
      `UPDATE ${tables.state} SET state = 'waiting', lease = NULL, due_at = NULL WHERE id IN (
         SELECT id FROM ${tables.state} WHERE state IN ('active', 'delayed') AND due_at <= $1
         ORDER BY due_at LIMIT ${setBackMax} FOR UPDATE SKIP LOCKED)`,
      [now],
    );
  }

  const claim = createSharedClaim(async (limit, from) => {
    await setBackDue();
    pruner.passing();
    const lease = randomUUID();
    const { rows } = await pool.query<EventRow & { attempts: number }>(
      `WITH next AS (
         SELECT id, turn FROM ${tables.state} WHERE state = 'waiting' AND turn >= $5
         ORDER BY turn LIMIT $1 FOR UPDATE SKIP LOCKED
       ), sized AS (
         SELECT id, bytes, sum(bytes) OVER (ORDER BY turn) AS up_to
         FROM (SELECT next.*, pg_column_size(e.payload)::bigint AS bytes
               FROM next JOIN ${tables.event} e ON e.id = next.id) AS looked
       ), s AS (
         UPDATE ${tables.state} held
         SET state = 'active', lease = $2, due_at = $3, attempts = attempts + 1, waits_for = NULL
         FROM sized WHERE held.id = sized.id AND (up_to <= $4 OR up_to = bytes)
         RETURNING held.*
       )
       SELECT ${eventColumns}, s.attempts FROM s JOIN ${tables.event} e ON e.id = s.id ORDER BY s.turn`,
      [limit, lease, clock() + leaseMs, claimBytesMax, from],
    );
    return rows.map((row) => ({ event: eventOf(row), attempts: row.attempts, lease }));
  });

  async function extend(claimed: readonly Claimed[]): Promise<void> {
    if (claimed.length === 0) return;
    await pool.query(
      `WITH held AS (
         SELECT s.id FROM ${tables.state} s JOIN unnest($1::text[], $2::text[]) AS g (id, lease) ON g.id = s.id
         WHERE s.state = 'active' AND s.lease = g.lease ORDER BY s.id FOR UPDATE OF s
       )
       UPDATE ${tables.state} s SET due_at = $3 FROM held WHERE s.id = held.id`,
      [claimed.map(({ event }) => event.id), claimed.map(({ lease }) => lease), clock() + leaseMs],
    );
  }

  async function conclude(conclusions: readonly Conclusion[]): Promise<readonly Wake[]> {
    if (conclusions.length === 0) return [];
    const now = clock();
    const posts = conclusions.flatMap(postsOf);
    const joining = `, moved AS (
         SELECT c.parked_group AS key, e.source, 1 AS change FROM concluded c JOIN ${tables.event} e ON e.id = c.id
         WHERE c.kind = 'failed'
       ), ${parked.counted}`;
    if (posts.length > 0) await forgetNowAndThen(posts.map(({ update }) => update.contact));
    const { rows } = await pool.query<{ finished: number; woken: string }>(
      `WITH given AS (
         SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[],
           $11::text[], $12::text[]) AS g (id, lease, kind, result, failure, erased, delay, waits_for, parked_group)
       ), held AS (
         SELECT s.id, s.withdrawn FROM ${tables.state} s JOIN given g ON g.id = s.id
         WHERE s.state = 'active' AND s.lease = g.lease ORDER BY s.id FOR UPDATE OF s
       ), outcome AS (
         SELECT g.id, coalesce(held.withdrawn, g.kind) AS kind, g.failure, g.erased, g.delay, g.waits_for, g.parked_group,
           CASE held.withdrawn WHEN 'erased' THEN $2 WHEN 'dropped' THEN $3 ELSE g.result END AS result
         FROM given g JOIN held ON held.id = g.id
       ), concluded AS (
         UPDATE ${tables.state} s SET
           state = CASE o.kind WHEN 'failed' THEN 'failed' WHEN 'delayed' THEN 'delayed'
             WHEN 'released' THEN 'waiting' ELSE 'completed' END,
           lease = NULL,
           due_at = CASE o.kind WHEN 'delayed' THEN $1::bigint + o.delay END,
           finished_at = CASE WHEN o.kind NOT IN ('delayed', 'released') THEN $1::bigint END,
           result = CASE WHEN o.kind NOT IN ('failed', 'delayed', 'released') THEN o.result END,
           failure = CASE o.kind WHEN 'failed' THEN o.failure END,
           parked_group = CASE o.kind WHEN 'failed' THEN o.parked_group END,
           erased = CASE o.kind WHEN 'failed' THEN coalesce(o.erased, s.erased) ELSE s.erased END,
           waits_for = CASE o.kind WHEN 'delayed' THEN o.waits_for END
         FROM outcome o WHERE s.id = o.id
         RETURNING s.id, o.kind, s.parked_group
       ), told AS (
         SELECT u.* FROM unnest($13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::bigint[],
           $20::smallint[], $21::text[]) AS u (claimed_id, contact, id, event_id, patch, stamp, received_at, priority,
             trace)
         JOIN concluded c ON c.id = u.claimed_id AND c.kind = 'completed'
         WHERE NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_erased e WHERE e.event_id = u.event_id)
       ), posted AS (
         INSERT INTO ${schema}.mailbox_update (contact, id, event_id, patch, stamp, received_at, posted_at, priority,
           trace)
         SELECT contact, id, event_id, patch, stamp, received_at, $1, priority, trace FROM told
         ON CONFLICT DO NOTHING
       ), named AS (
         INSERT INTO ${schema}.mailbox_event (contact, event_id)
         SELECT DISTINCT contact, event_id FROM told
         ON CONFLICT DO NOTHING
       ), given_by AS (
         SELECT contact, min(priority) AS given FROM told GROUP BY contact
       ), woken AS (
         SELECT t.contact, given, least(
           (SELECT min(u.priority) FROM ${schema}.mailbox_update u WHERE u.contact = t.contact AND u.priority <> 0),
           CASE WHEN given <> 0 THEN (SELECT min(first.priority) FROM (
             SELECT u.priority FROM ${schema}.mailbox_update u WHERE u.contact = t.contact LIMIT ${lookedAtMax}) AS first) END
         ) AS before
         FROM given_by t
       )${conclusions.some(({ kind }) => kind === "failed") ? joining : ""}
       SELECT (SELECT count(*)::integer FROM concluded WHERE kind NOT IN ('delayed', 'released')) AS finished,
         (SELECT coalesce(json_agg(json_build_array(contact, least(given, before), before > given)), '[]')::text FROM woken)
           AS woken`,
      [
        now,
        JSON.stringify(erasedResult),
        JSON.stringify(droppedResult),
        ...columnsOf(conclusions, concludedColumns),
        ...columnsOf(posts, postedColumns),
      ],
    );
    pruner.finished(rows[0]?.finished ?? 0);
    if (conclusions.some(({ kind }) => kind === "released")) doorbell.ring();
    const woken = JSON.parse(rows[0]?.woken ?? "[]") as [ContactRef, number, boolean | null][];
    return woken.map(([contact, rank, raises]) => {
      return { contact, priority: priorityOf(rank), raises: raises === true };
    });
  }

  return { accept, claim, extend, conclude };
}

type Column<Item> = (item: Item) => string | number | null;

const acceptedColumns: readonly Column<RelayEvent>[] = [
  (event) => event.id,
  windowId,
  (event) => event.source,
  (event) => event.provider,
  (event) => event.identity,
  (event) => event.type,
  (event) => JSON.stringify(event.attributes),
  (event) => Math.round(event.occurredAt),
  (event) => Math.round(event.receivedAt),
  (event) => event.replay,
  (event) => event.payload,
  (event) => rankOf(event.priority),
];

const concludedColumns: readonly Column<Conclusion>[] = [
  ({ claimed }) => claimed.event.id,
  ({ claimed }) => claimed.lease,
  ({ kind }) => kind,
  (given) => (given.kind === "completed" ? JSON.stringify(storable(given.result)) : null),
  (given) => (given.kind === "failed" ? storable(given.reason) : null),
  (given) => (given.kind === "failed" && given.erased ? JSON.stringify(given.erased) : null),
  (given) => (given.kind === "delayed" ? Math.max(0, Math.ceil(given.delayMs)) : null),
  (given) => (given.kind === "delayed" ? storable(given.reason) : null),
  (given) => (given.kind === "failed" ? groupOfEvent(given.reason) : null),
];

interface Post {
  readonly claimedId: string;
  readonly update: ContactUpdate;
}

function postsOf(given: Conclusion): Post[] {
  if (given.kind !== "completed" || given.result.outcome !== "mapped") return [];
  return given.result.updates.map((update) => ({ claimedId: given.claimed.event.id, update }));
}

/** Patches are JSON text, in which nothing is left that PostgreSQL would refuse. */
const postedColumns: readonly Column<Post>[] = [
  ({ claimedId }) => claimedId,
  ({ update }) => update.contact,
  ({ update }) => update.id,
  ({ update }) => update.eventId,
  ({ update }) => JSON.stringify(update.patch),
  ({ update }) => update.stamp,
  ({ update }) => Math.round(update.receivedAt),
  ({ update }) => rankOf(update.priority),
  ({ update }) => traceText(update.trace),
];
