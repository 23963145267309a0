import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import { keptPriority, priorityOf, rankOf, type Priority } from "../../contact/priority.ts";
import type { Applied, FieldOrigin } from "../../contact/merge.ts";
import { keptTrace } from "../../contact/trace-context.ts";
import { keptNote, readHistory } from "../history.ts";
import { keptBy, newestOf } from "../person.ts";
import type { Mailbox, MailboxState, Settled, Settlement, StoreOptions } from "../store.ts";
import {
  erasedEventsMs,
  eventIdAt,
  forgetEventsEvery,
  historyMax,
  stampRetentionFactor,
  trimHistoryEvery,
} from "../retention.ts";
import type { SqlClient, SqlPools } from "./client.ts";
import { createAwaited } from "./awaited.ts";
import { createPersons } from "./persons.ts";
import { relaySchema } from "./schema.ts";
import { traceFrom, traceText } from "./trace-column.ts";

interface UpdateRow {
  id: string;
  event_id: string;
  patch: string;
  stamp: ContactUpdate["stamp"];
  received_at: string | number;
  priority: number;
  trace: string | null;
}

interface FieldRow {
  field: string;
  stamp: FieldOrigin["stamp"];
  event_id: string;
}

/** Old lines of history that go at once, and how often so at one look. */
const forgottenLinesMax = 2_000;
const forgottenRoundsMax = 25;

/** To be told of the contacts of every post: now and then their lists of events are cleaned. */
export function createEventForgetter(
  pool: SqlClient,
  options: StoreOptions,
  clock: () => number,
): (contacts: readonly ContactRef[]) => Promise<void> {
  const schema = `"${relaySchema(options.prefix)}"`;
  const keepMs = stampRetentionFactor * options.retentionMs;
  let posts = 0;
  return async (contacts) => {
    posts += 1;
    if (posts % forgetEventsEvery !== 0) return;
    await pool.query(
      `DELETE FROM ${schema}.mailbox_event m WHERE contact = ANY($1::text[]) AND event_id COLLATE "C" < $2
         AND NOT EXISTS (SELECT 1 FROM ${schema}.event e WHERE e.id = m.event_id)`,
      [[...new Set(contacts)], eventIdAt(clock() - keepMs)],
    );
  };
}

/** Patches and lines of history are kept as JSON text, not jsonb, which would refuse some of Unicode. */
export function createSqlMailbox(
  { pool: durable, working: pool }: SqlPools,
  options: StoreOptions,
  clock: () => number,
): Mailbox {
  const schema = `"${relaySchema(options.prefix)}"`;
  const keepMs = stampRetentionFactor * options.retentionMs;

  const persons = createPersons(pool, schema, keepMs, clock);
  const forgetNowAndThen = createEventForgetter(pool, options, clock);

  async function post(updates: readonly ContactUpdate[]): Promise<void> {
    if (updates.length === 0) return;
    const now = clock();
    await forgetNowAndThen(updates.map((update) => update.contact));
    const column = <Value>(pick: (update: ContactUpdate) => Value) => updates.map(pick);
    await pool.query(
      `WITH given AS (
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $8::smallint[],
           $9::text[]) AS u (contact, id, event_id, patch, stamp, received_at, priority, trace)
         WHERE NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_erased e WHERE e.event_id = u.event_id)
       ), posted AS (
         INSERT INTO ${schema}.mailbox_update (contact, id, event_id, patch, stamp, received_at, posted_at, priority, trace)
         SELECT contact, id, event_id, patch, stamp, received_at, $7::bigint, priority, trace FROM given
         ON CONFLICT DO NOTHING
       )
       INSERT INTO ${schema}.mailbox_event (contact, event_id)
       SELECT DISTINCT contact, event_id FROM given
       ON CONFLICT DO NOTHING`,
      [
        column((update) => update.contact),
        column((update) => update.id),
        column((update) => update.eventId),
        column((update) => JSON.stringify(update.patch)),
        column((update) => update.stamp),
        column((update) => update.receivedAt),
        now,
        column((update) => rankOf(update.priority)),
        column(({ trace }) => traceText(trace)),
      ],
    );
  }

  const historyText = `(SELECT coalesce(json_agg(h.note), '[]')::text FROM (
    SELECT note FROM ${schema}.mailbox_history WHERE contact = $1 ORDER BY at DESC, id DESC LIMIT ${historyMax}) h)`;
  const readText = (withHistory: boolean) => `SELECT
    (SELECT coalesce(json_agg(u), '[]')::text FROM (
       SELECT id, event_id, patch, stamp, received_at, priority, trace
       FROM ${schema}.mailbox_update WHERE contact = $1) u) AS updates,
    (SELECT coalesce(json_agg(f), '[]')::text FROM (
       SELECT field, stamp, event_id FROM ${schema}.mailbox_field
       WHERE contact = $1 AND EXISTS (
         SELECT 1 FROM ${schema}.mailbox_contact c WHERE c.contact = $1 AND c.expires_at > $2)) f) AS fields,
    (SELECT json_build_object('id', contact_id, 'linked', linked)::text FROM ${schema}.mailbox_contact
      WHERE contact = $1 AND contact_id IS NOT NULL AND expires_at > $2) AS person,
    ${withHistory ? historyText : "NULL"} AS history`;
  const readWhole = readText(true);
  const readWaiting = readText(false);

  async function read(contact: ContactRef, withHistory = true): Promise<MailboxState> {
    const now = clock();
    const { rows } = await pool.query<{
      updates: string;
      fields: string;
      person: string | null;
      history: string | null;
    }>(withHistory ? readWhole : readWaiting, [contact, now]);
    const [row] = rows;
    const updates = JSON.parse(row?.updates ?? "[]") as UpdateRow[];
    const fields = JSON.parse(row?.fields ?? "[]") as FieldRow[];
    const person = JSON.parse(row?.person ?? "null") as { id: number; linked: boolean } | null;
    const others = person?.linked ? await persons.others(contact, person.id) : new Map<ContactRef, Applied>();
    const own = Object.fromEntries(
      fields.map(({ field, stamp, event_id }) => [field, { stamp, eventId: event_id }]),
    ) as Applied;
    return {
      waiting: updates.map((update) => ({
        id: update.id,
        eventId: update.event_id,
        contact,
        patch: JSON.parse(update.patch) as ContactUpdate["patch"],
        stamp: update.stamp,
        receivedAt: Number(update.received_at),
        ...keptPriority(priorityOf(update.priority)),
        ...keptTrace(traceFrom(update.trace)),
      })),
      applied: others.size === 0 ? own : newestOf([own, ...others.values()]),
      ...(person ? { contactId: person.id } : {}),
      ...(others.size === 0 ? {} : { linked: [...others.keys()] }),
      history: readHistory(
        (JSON.parse(row?.history ?? "[]") as string[]).toReversed(),
        now - options.retentionMs,
      ),
    };
  }

  /**
   * One statement: what was sent is locked first, so that an erasure comes either before or after the settlement. Stamps
   * that had expired are forgotten, which is known before the contact is touched, because that reads it from `known`.
   */
  const settleText = `
    WITH held AS (
      SELECT id FROM ${schema}.mailbox_update
      WHERE contact = $1 AND id = ANY($2::text[]) ORDER BY id FOR UPDATE
    ), waits AS (
      SELECT $2::text[] IS NULL OR EXISTS (SELECT 1 FROM held) AS on
    ), known AS (
      SELECT expires_at <= $7::bigint AS expired, contact_id, linked FROM ${schema}.mailbox_contact
      WHERE contact = $1 AND (SELECT w.on FROM waits w) FOR UPDATE
    ), first AS (
      INSERT INTO ${schema}.mailbox_person (contact_id)
      SELECT $11::bigint WHERE $11::bigint IS NOT NULL AND NOT $12::boolean AND (SELECT w.on FROM waits w)
        AND NOT EXISTS (SELECT 1 FROM known WHERE contact_id IS NOT NULL)
      ON CONFLICT DO NOTHING RETURNING contact_id
    ), going AS (
      SELECT w.on AND ($11::bigint IS NULL OR $12::boolean OR EXISTS (SELECT 1 FROM first)
        OR EXISTS (SELECT 1 FROM known WHERE contact_id = $11::bigint AND NOT linked)) AS on, w.on AS waits
      FROM waits w
    ), touched AS (
      INSERT INTO ${schema}.mailbox_contact AS kept (contact, expires_at, contact_id)
      SELECT $1, $8::bigint, CASE WHEN $12::boolean THEN NULL ELSE $11::bigint END
      FROM going LEFT JOIN known ON true WHERE going.on
      ON CONFLICT (contact) DO UPDATE
        SET expires_at = excluded.expires_at, contact_id = coalesce(excluded.contact_id, kept.contact_id)
    ), noted AS (
      INSERT INTO ${schema}.mailbox_history (contact, at, note)
      SELECT $1, n.at, n.note FROM unnest($9::bigint[], $10::text[]) AS n (at, note)
      WHERE (SELECT g.on FROM going g)
    ), done AS (
      DELETE FROM ${schema}.mailbox_update
      WHERE contact = $1 AND id = ANY($3::text[]) AND (SELECT g.on FROM going g)
    ), forgotten AS (
      DELETE FROM ${schema}.mailbox_field
      WHERE contact = $1 AND field <> ALL($4::text[]) AND EXISTS (SELECT 1 FROM known WHERE expired)
    ), applied AS (
      INSERT INTO ${schema}.mailbox_field AS kept (contact, field, stamp, event_id)
      SELECT $1, field, stamp, event_id
      FROM unnest($4::text[], $5::text[], $6::text[]) AS f (field, stamp, event_id)
      WHERE (SELECT g.on FROM going g)
      ON CONFLICT (contact, field) DO UPDATE
        SET stamp = excluded.stamp, event_id = excluded.event_id
        WHERE kept.stamp < excluded.stamp OR EXISTS (SELECT 1 FROM known WHERE expired)
    )
    SELECT going.on AS settled, going.waits FROM going`;

  /** In one statement where the reference is its person's only one, as most are. */
  async function settle(contact: ContactRef, settlement: Settlement): Promise<Settled> {
    const { person, notes = [] } = settlement;
    const isMore = person?.also?.length || person?.overtaken?.length || person?.wrote;
    const alone = isMore ? undefined : person?.contactId;
    let settled: Settled = false;
    let waits = true;
    if (!person || alone !== undefined) {
      ({ settled, waits } = await settleAlone(pool, contact, settlement, alone, false));
    }
    if (person && !settled && waits) {
      settled = await persons.settle(contact, settlement, person, async (client) => {
        const kept = { ...settlement, applied: keptBy(contact, settlement.applied, person) };
        return (await settleAlone(client, contact, kept, person.contactId, true)).settled;
      });
    }
    if (notes.length > 0) await trimNowAndThen(contact);
    return settled;
  }

  async function settleAlone(
    client: SqlClient,
    contact: ContactRef,
    settlement: Settlement,
    contactId: number | undefined,
    isJoined: boolean,
  ): Promise<{ settled: boolean; waits: boolean }> {
    const applied = Object.entries(settlement.applied).flatMap(([field, origin]) =>
      origin ? [{ field, ...origin }] : [],
    );
    const now = clock();
    const notes = (settlement.notes ?? []).slice(-historyMax);
    const { rows } = await client.query<{ settled: boolean; waits: boolean }>(settleText, [
      contact,
      // Where nothing was sent, nothing has to wait still.
      settlement.sent === undefined || settlement.sent.length === 0 ? null : settlement.sent,
      settlement.done,
      applied.map((entry) => entry.field),
      applied.map((entry) => entry.stamp),
      applied.map((entry) => entry.eventId),
      now,
      now + keepMs,
      notes.map(({ at }) => Math.round(at)),
      notes.map(keptNote),
      contactId ?? null,
      isJoined,
    ]);
    return rows[0] ?? { settled: false, waits: false };
  }

  let noted = 0;
  /** Lines beyond those that are shown; counted, so that a contact that never rests has a few more of them at most. */
  async function trimNowAndThen(contact: ContactRef): Promise<void> {
    noted += 1;
    if (noted % trimHistoryEvery !== 0) return;
    await pool.query(
      `DELETE FROM ${schema}.mailbox_history WHERE contact = $1 AND id < (
         SELECT id FROM ${schema}.mailbox_history WHERE contact = $1 ORDER BY id DESC OFFSET ${historyMax - 1} LIMIT 1)`,
      [contact],
    );
  }

  async function remember(contacts: readonly ContactRef[]): Promise<void> {
    const now = clock();
    await pool.query(
      `UPDATE ${schema}.mailbox_contact SET expires_at = $2 WHERE contact = ANY($1::text[]) AND expires_at > $3`,
      [contacts, now + keepMs, now],
    );
  }

  async function eventIds(contact: ContactRef): Promise<readonly string[]> {
    const { rows } = await pool.query<{ event_id: string }>(
      `SELECT event_id FROM ${schema}.mailbox_event WHERE contact = $1`,
      [contact],
    );
    return rows.map((row) => row.event_id);
  }

  async function overdue(postedBefore: number, limit: number, skip = 0): Promise<readonly ContactRef[]> {
    await forgetExpired();
    const { rows } = await pool.query<{ contact: ContactRef }>(
      `SELECT contact FROM ${schema}.mailbox_update WHERE posted_at < $1
       GROUP BY contact ORDER BY min(posted_at), contact LIMIT $2 OFFSET $3`,
      [postedBefore, limit, skip],
    );
    return rows.map((row) => row.contact);
  }

  async function priorities(contacts: readonly ContactRef[]): Promise<ReadonlyMap<ContactRef, Priority>> {
    const { rows } = await pool.query<{ contact: ContactRef; rank: number }>(
      `SELECT contact, min(priority) AS rank FROM ${schema}.mailbox_update WHERE contact = ANY($1::text[])
       GROUP BY contact HAVING min(priority) <> 0`,
      [contacts],
    );
    return new Map(rows.map(({ contact, rank }) => [contact, priorityOf(rank)]));
  }

  async function forgetExpired(): Promise<void> {
    const now = clock();
    await pool.query(
      `WITH gone AS (
         DELETE FROM ${schema}.mailbox_contact WHERE contact IN (
           SELECT contact FROM ${schema}.mailbox_contact WHERE expires_at <= $1 LIMIT 1000)
         RETURNING contact, contact_id
       ), persons AS (
         DELETE FROM ${schema}.mailbox_person p USING gone
         WHERE p.contact_id = gone.contact_id AND NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_contact o
           WHERE o.contact_id = gone.contact_id AND o.expires_at > $1)
       ), fields AS (
         DELETE FROM ${schema}.mailbox_field WHERE contact IN (SELECT contact FROM gone)
       ), erased AS (
         DELETE FROM ${schema}.mailbox_erased WHERE erased_at <= $2
       ), awaited AS (
         DELETE FROM ${schema}.mailbox_awaited WHERE expires_at <= $1
       )
       DELETE FROM ${schema}.mailbox_event e USING gone
       WHERE e.contact = gone.contact
         AND NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_update u WHERE u.contact = e.contact)`,
      [now, now - erasedEventsMs],
    );
    await forgetLines(Math.floor(now - options.retentionMs));
  }

  /** As many as come in between two looks, even at a thousand requests a second. */
  async function forgetLines(until: number): Promise<void> {
    for (let round = 0; round < forgottenRoundsMax; round += 1) {
      const { rows } = await pool.query(
        `DELETE FROM ${schema}.mailbox_history WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ${schema}.mailbox_history WHERE at <= $1 LIMIT ${forgottenLinesMax})) RETURNING 1 AS gone`,
        [until],
      );
      if (rows.length < forgottenLinesMax) return;
    }
  }

  async function erase(contact: ContactRef): Promise<readonly string[]> {
    return await durable.transaction(async (client) => {
      // A post is wholly before this, or after it and then knows of it: half of one would stay for ever.
      await client.query(`LOCK TABLE ${schema}.mailbox_event IN SHARE ROW EXCLUSIVE MODE`);
      const { rows } = await client.query<{ event_id: string }>(
        `DELETE FROM ${schema}.mailbox_event WHERE contact = $1 RETURNING event_id`,
        [contact],
      );
      await client.query(
        `INSERT INTO ${schema}.mailbox_erased (event_id, erased_at) SELECT unnest($1::text[]), $2::bigint
         ON CONFLICT (event_id) DO UPDATE SET erased_at = excluded.erased_at`,
        [rows.map((row) => row.event_id), clock()],
      );
      await persons.forget(client, contact);
      await client.query(`DELETE FROM ${schema}.mailbox_awaited WHERE contact = $1 OR name = $1`, [contact]);
      for (const table of ["mailbox_update", "mailbox_contact", "mailbox_field", "mailbox_history"]) {
        await client.query(`DELETE FROM ${schema}.${table} WHERE contact = $1`, [contact]);
      }
      return rows.map((row) => row.event_id);
    });
  }

  const { hold, release } = persons;
  const { awaitContact, awaiting, forgetAwaiting } = createAwaited(pool, schema, keepMs, clock);
  return {
    post,
    read,
    settle,
    hold,
    release,
    remember,
    overdue,
    priorities,
    awaitContact,
    awaiting,
    forgetAwaiting,
    eventIds,
    erase,
  };
}
