import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import { keptPriority, priorityOf, rankOf, type Priority } from "../../contact/priority.ts";
import type { Applied, FieldOrigin } from "../../contact/merge.ts";
import type { DeliveryNote, Mailbox, MailboxState, Settlement, StoreOptions } from "../store.ts";
import {
  erasedEventsMs,
  eventIdAt,
  forgetEventsEvery,
  historyMax,
  stampRetentionFactor,
} from "../retention.ts";
import type { SqlClient, SqlPools } from "./client.ts";
import { relaySchema } from "./schema.ts";

interface UpdateRow {
  id: string;
  event_id: string;
  patch: string;
  stamp: ContactUpdate["stamp"];
  received_at: string | number;
  priority: number;
}

interface FieldRow {
  field: string;
  stamp: FieldOrigin["stamp"];
  event_id: string;
}

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

/** Patches and history are kept as JSON text, not jsonb, which would refuse some of Unicode. */
export function createSqlMailbox(
  { pool: durable, working: pool }: SqlPools,
  options: StoreOptions,
  clock: () => number,
): Mailbox {
  const schema = `"${relaySchema(options.prefix)}"`;
  const keepMs = stampRetentionFactor * options.retentionMs;

  const forgetNowAndThen = createEventForgetter(pool, options, clock);

  async function post(updates: readonly ContactUpdate[]): Promise<void> {
    if (updates.length === 0) return;
    const now = clock();
    await forgetNowAndThen(updates.map((update) => update.contact));
    const column = <Value>(pick: (update: ContactUpdate) => Value) => updates.map(pick);
    await pool.query(
      `WITH given AS (
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $8::smallint[])
           AS u (contact, id, event_id, patch, stamp, received_at, priority)
         WHERE NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_erased e WHERE e.event_id = u.event_id)
       ), posted AS (
         INSERT INTO ${schema}.mailbox_update (contact, id, event_id, patch, stamp, received_at, posted_at, priority)
         SELECT contact, id, event_id, patch, stamp, received_at, $7::bigint, priority FROM given
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
      ],
    );
  }

  const readText = (withHistory: boolean) => `SELECT
    (SELECT coalesce(json_agg(u), '[]')::text FROM (
       SELECT id, event_id, patch, stamp, received_at, priority
       FROM ${schema}.mailbox_update WHERE contact = $1) u) AS updates,
    (SELECT coalesce(json_agg(f), '[]')::text FROM (
       SELECT field, stamp, event_id FROM ${schema}.mailbox_field
       WHERE contact = $1 AND EXISTS (
         SELECT 1 FROM ${schema}.mailbox_contact c WHERE c.contact = $1 AND c.expires_at > $2)) f) AS fields,
    ${withHistory ? `(SELECT history FROM ${schema}.mailbox_contact WHERE contact = $1 AND expires_at > $2)` : "NULL"}
      AS history`;
  const readWhole = readText(true);
  const readWaiting = readText(false);

  async function read(contact: ContactRef, withHistory = true): Promise<MailboxState> {
    const { rows } = await pool.query<{ updates: string; fields: string; history: string | null }>(
      withHistory ? readWhole : readWaiting,
      [contact, clock()],
    );
    const [row] = rows;
    const updates = JSON.parse(row?.updates ?? "[]") as UpdateRow[];
    const fields = JSON.parse(row?.fields ?? "[]") as FieldRow[];
    return {
      waiting: updates.map((update) => ({
        id: update.id,
        eventId: update.event_id,
        contact,
        patch: JSON.parse(update.patch) as ContactUpdate["patch"],
        stamp: update.stamp,
        receivedAt: Number(update.received_at),
        ...keptPriority(priorityOf(update.priority)),
      })),
      applied: Object.fromEntries(
        fields.map(({ field, stamp, event_id }) => [field, { stamp, eventId: event_id }]),
      ) as Applied,
      history: JSON.parse(row?.history ?? "[]") as DeliveryNote[],
    };
  }

  /**
   * One statement: what was sent is locked first, so that an erasure comes either before or after the settlement. Stamps
   * that had expired are forgotten, which is known before the contact is touched, because that reads it from `known`;
   * the history is JSON and stays as it was written.
   */
  const settleText = `
    WITH held AS (
      SELECT id FROM ${schema}.mailbox_update
      WHERE contact = $1 AND id = ANY($2::text[]) ORDER BY id FOR UPDATE
    ), going AS (
      SELECT $2::text[] IS NULL OR EXISTS (SELECT 1 FROM held) AS on
    ), known AS (
      SELECT expires_at <= $8::bigint AS expired FROM ${schema}.mailbox_contact
      WHERE contact = $1 AND (SELECT g.on FROM going g) FOR UPDATE
    ), touched AS (
      INSERT INTO ${schema}.mailbox_contact AS kept (contact, history, expires_at)
      SELECT $1, coalesce('[' || $7::text || ']', '[]'), $9::bigint FROM going LEFT JOIN known ON true WHERE going.on
      ON CONFLICT (contact) DO UPDATE SET expires_at = excluded.expires_at, history = CASE
        WHEN kept.expires_at <= $8::bigint THEN excluded.history
        WHEN $7::text IS NULL THEN kept.history
        ELSE (
          SELECT '[' || coalesce(string_agg(note::text, ',' ORDER BY place) || ',', '') || $7::text || ']'
          FROM (
            SELECT note, place FROM json_array_elements(kept.history::json) WITH ORDINALITY AS n (note, place)
            ORDER BY place DESC LIMIT ${historyMax - 1}) AS latest)
        END
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
    SELECT going.on AS settled FROM going`;

  async function settle(contact: ContactRef, settlement: Settlement): Promise<boolean> {
    const applied = Object.entries(settlement.applied).flatMap(([field, origin]) =>
      origin ? [{ field, ...origin }] : [],
    );
    const now = clock();
    const { rows } = await pool.query<{ settled: boolean }>(settleText, [
      contact,
      settlement.sent ?? null,
      settlement.done,
      applied.map((entry) => entry.field),
      applied.map((entry) => entry.stamp),
      applied.map((entry) => entry.eventId),
      settlement.note ? JSON.stringify(settlement.note) : null,
      now,
      now + keepMs,
    ]);
    return rows[0]?.settled === true;
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
         RETURNING contact
       ), fields AS (
         DELETE FROM ${schema}.mailbox_field WHERE contact IN (SELECT contact FROM gone)
       ), erased AS (
         DELETE FROM ${schema}.mailbox_erased WHERE erased_at <= $2
       )
       DELETE FROM ${schema}.mailbox_event e USING gone
       WHERE e.contact = gone.contact
         AND NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_update u WHERE u.contact = e.contact)`,
      [now, now - erasedEventsMs],
    );
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
      for (const table of ["mailbox_update", "mailbox_contact", "mailbox_field"]) {
        await client.query(`DELETE FROM ${schema}.${table} WHERE contact = $1`, [contact]);
      }
      return rows.map((row) => row.event_id);
    });
  }

  return { post, read, settle, remember, overdue, priorities, eventIds, erase };
}
