import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import type { Applied, FieldOrigin } from "../../contact/merge.ts";
import type { DeliveryNote, Mailbox, MailboxState, Settlement, StoreOptions } from "../store.ts";
import {
  erasedEventsMs,
  eventIdAt,
  forgetEventsEvery,
  historyMax,
  stampRetentionFactor,
} from "../retention.ts";
import type { SqlClient, SqlPool } from "./client.ts";
import { bullmqSchema, relaySchema } from "./schema.ts";

interface UpdateRow {
  id: string;
  event_id: string;
  patch: string;
  stamp: ContactUpdate["stamp"];
  received_at: string | number;
}

interface FieldRow {
  field: string;
  stamp: FieldOrigin["stamp"];
  event_id: string;
}

/** Patches and history are kept as JSON text, not jsonb, which would refuse some of Unicode. */
export function createSqlMailbox(
  pool: SqlPool,
  options: StoreOptions,
  eventsQueue: string,
  clock: () => number,
): Mailbox {
  const schema = `"${relaySchema(options.prefix)}"`;
  const keepMs = stampRetentionFactor * options.retentionMs;

  let posts = 0;
  async function forgetEvents(contacts: readonly ContactRef[]): Promise<void> {
    await pool.query(
      `DELETE FROM ${schema}.mailbox_event WHERE contact = ANY($1::text[]) AND event_id COLLATE "C" < $2
         AND NOT EXISTS (SELECT 1 FROM ${bullmqSchema}.job WHERE queue = $3 AND id = event_id)`,
      [contacts, eventIdAt(clock() - keepMs), eventsQueue],
    );
  }

  async function post(updates: readonly ContactUpdate[]): Promise<void> {
    if (updates.length === 0) return;
    const now = clock();
    posts += 1;
    if (posts % forgetEventsEvery === 0)
      await forgetEvents([...new Set(updates.map((update) => update.contact))]);
    const column = <Value>(pick: (update: ContactUpdate) => Value) => updates.map(pick);
    await pool.query(
      `WITH given AS (
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
           AS u (contact, id, event_id, patch, stamp, received_at)
         WHERE NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_erased e WHERE e.event_id = u.event_id)
       ), posted AS (
         INSERT INTO ${schema}.mailbox_update (contact, id, event_id, patch, stamp, received_at, posted_at)
         SELECT contact, id, event_id, patch, stamp, received_at, $7::bigint FROM given
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
      ],
    );
  }

  async function read(contact: ContactRef): Promise<MailboxState> {
    const { rows } = await pool.query<{ updates: string; fields: string; history: string | null }>(
      `SELECT
         (SELECT coalesce(json_agg(u), '[]')::text FROM (
            SELECT id, event_id, patch, stamp, received_at
            FROM ${schema}.mailbox_update WHERE contact = $1) u) AS updates,
         (SELECT coalesce(json_agg(f), '[]')::text FROM (
            SELECT field, stamp, event_id FROM ${schema}.mailbox_field
            WHERE contact = $1 AND EXISTS (
              SELECT 1 FROM ${schema}.mailbox_contact c WHERE c.contact = $1 AND c.expires_at > $2)) f) AS fields,
         (SELECT history FROM ${schema}.mailbox_contact WHERE contact = $1 AND expires_at > $2) AS history`,
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
      })),
      applied: Object.fromEntries(
        fields.map(({ field, stamp, event_id }) => [field, { stamp, eventId: event_id }]),
      ) as Applied,
      history: JSON.parse(row?.history ?? "[]") as DeliveryNote[],
    };
  }

  async function settle(contact: ContactRef, settlement: Settlement): Promise<boolean> {
    const applied = Object.entries(settlement.applied).flatMap(([field, origin]) =>
      origin ? [{ field, ...origin }] : [],
    );
    return await pool.transaction(async (client) => {
      if (settlement.sent && !(await waits(client, contact, settlement.sent))) return false;
      await touch(client, contact, settlement.note);
      if (settlement.done.length > 0) {
        await client.query(
          `DELETE FROM ${schema}.mailbox_update WHERE contact = $1 AND id = ANY($2::text[])`,
          [contact, settlement.done],
        );
      }
      if (applied.length === 0) return true;
      await client.query(
        `INSERT INTO ${schema}.mailbox_field AS kept (contact, field, stamp, event_id)
         SELECT $1, field, stamp, event_id
         FROM unnest($2::text[], $3::text[], $4::text[]) AS f (field, stamp, event_id)
         ON CONFLICT (contact, field) DO UPDATE
           SET stamp = excluded.stamp, event_id = excluded.event_id
           WHERE kept.stamp < excluded.stamp`,
        [
          contact,
          applied.map((entry) => entry.field),
          applied.map((entry) => entry.stamp),
          applied.map((entry) => entry.eventId),
        ],
      );
      return true;
    });
  }

  /** Locked, so that an erasure comes either before or after the settlement. */
  async function waits(client: SqlClient, contact: ContactRef, ids: readonly string[]): Promise<boolean> {
    const { rows } = await client.query(
      `SELECT id FROM ${schema}.mailbox_update
       WHERE contact = $1 AND id = ANY($2::text[]) ORDER BY id FOR UPDATE`,
      [contact, ids],
    );
    return rows.length > 0;
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

  /** Extends the contact's life, appends to its history, and forgets stamps that had already expired. */
  async function touch(client: SqlClient, contact: ContactRef, note: DeliveryNote | undefined) {
    const now = clock();
    const { rows } = await client.query<{ history: string; expires_at: string | number }>(
      `SELECT history, expires_at FROM ${schema}.mailbox_contact WHERE contact = $1 FOR UPDATE`,
      [contact],
    );
    const [row] = rows;
    const expired = row !== undefined && Number(row.expires_at) <= now;
    if (expired) await client.query(`DELETE FROM ${schema}.mailbox_field WHERE contact = $1`, [contact]);
    const earlier = row === undefined || expired ? [] : (JSON.parse(row.history) as DeliveryNote[]);
    const history = note ? [...earlier, note].slice(-historyMax) : earlier;
    await client.query(
      `INSERT INTO ${schema}.mailbox_contact (contact, history, expires_at) VALUES ($1, $2, $3)
       ON CONFLICT (contact) DO UPDATE SET history = excluded.history, expires_at = excluded.expires_at`,
      [contact, JSON.stringify(history), now + keepMs],
    );
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
    return await pool.transaction(async (client) => {
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

  return { post, read, settle, remember, overdue, eventIds, erase };
}
