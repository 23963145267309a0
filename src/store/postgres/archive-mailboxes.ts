import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import { keptPriority, priorityOf, rankOf } from "../../contact/priority.ts";
import { keptTrace } from "../../contact/trace-context.ts";
import type { Applied } from "../../contact/merge.ts";
import type { KindArchive } from "../archive-kinds.ts";
import { archivedHistory, archivedWake, pageRecordsMax, wakesOf, withInterrupted } from "../archive.ts";
import { keptNote } from "../history.ts";
import { historyMax, stampRetentionFactor } from "../retention.ts";
import type { ArchivedMailbox } from "../archive-port.ts";
import type { StoreOptions, WakeJobData } from "../store.ts";
import type { SqlClient, SqlPool } from "./client.ts";
import { bullmqSchema, relaySchema } from "./schema.ts";
import { traceFrom, traceText } from "./trace-column.ts";

interface MailboxRow {
  readonly contact: ContactRef;
  readonly updates: string;
  readonly fields: string;
  readonly events: string;
  readonly history: string;
  readonly contact_id: string | number | null;
  readonly expires_at: string | number | null;
  /** What was applied has been forgotten, though its rows are still there. */
  readonly expired: boolean;
  readonly wake: WakeJobData | null;
  readonly due: string | number | null;
}

interface UpdateRow extends Pick<ContactUpdate, "id" | "stamp"> {
  readonly event_id: string;
  readonly patch: string;
  readonly received_at: string | number;
  readonly priority: number;
  readonly trace: string | null;
}

interface FieldRow {
  readonly field: string;
  readonly stamp: ContactUpdate["stamp"];
  readonly event_id: string;
}

export interface MailboxArchiveParts {
  readonly pool: SqlPool;
  readonly clock: () => number;
  readonly contactsQueue: string;
  readonly wakeAll: (jobs: ReturnType<typeof wakesOf>) => Promise<unknown>;
}

export function createMailboxArchive(
  parts: MailboxArchiveParts,
  options: StoreOptions,
): KindArchive<"mailbox"> {
  const { pool, clock } = parts;
  const schema = `"${relaySchema(options.prefix)}"`;
  const keepMs = stampRetentionFactor * options.retentionMs;

  /** The next contacts by name: each table gives its own first ones, so none is read as a whole. */
  async function contactsAfter(contact: string): Promise<ContactRef[]> {
    const first = (table: string) =>
      `(SELECT DISTINCT contact FROM ${schema}.${table} WHERE contact > $1 ORDER BY contact LIMIT ${pageRecordsMax})`;
    const tables = ["mailbox_event", "mailbox_update", "mailbox_contact"].map(first);
    const { rows } = await pool.query<{ contact: ContactRef }>(
      `${tables.join(" UNION ")} ORDER BY contact LIMIT ${pageRecordsMax}`,
      [contact],
    );
    return rows.map((row) => row.contact);
  }

  async function read(contacts: readonly ContactRef[]): Promise<Map<ContactRef, ArchivedMailbox>> {
    const list = (table: string, fields: string) =>
      `(SELECT coalesce(json_agg(row_to_json(t)), '[]')::text
        FROM (SELECT ${fields} FROM ${schema}.${table} o WHERE o.contact = c.contact) t)`;
    const { rows } = await pool.query<MailboxRow>(
      `SELECT c.contact, e.contact IS NOT NULL AS expired, k.expires_at, k.contact_id, w.data AS wake, w.process_at_ms AS due,
         ${list("mailbox_update", "id, event_id, patch, stamp, received_at, priority, trace")} AS updates,
         (SELECT coalesce(json_agg(h.note), '[]')::text FROM (
            SELECT note FROM ${schema}.mailbox_history n WHERE n.contact = c.contact
            ORDER BY at DESC, id DESC LIMIT ${historyMax}) h) AS history,
         CASE WHEN k.contact IS NULL THEN '[]' ELSE ${list("mailbox_field", "field, stamp, event_id")} END AS fields,
         ${list("mailbox_event", "event_id")} AS events
       FROM unnest($1::text[]) AS c (contact)
       LEFT JOIN ${schema}.mailbox_contact k ON k.contact = c.contact AND k.expires_at > $2
       LEFT JOIN ${schema}.mailbox_contact e ON e.contact = c.contact AND e.expires_at <= $2
       LEFT JOIN ${bullmqSchema}.dedup d ON d.queue = $3 AND d.dedup_id = c.contact
       LEFT JOIN ${bullmqSchema}.job w ON w.queue = $3 AND w.id = d.job_id`,
      [contacts, clock(), parts.contactsQueue],
    );
    return new Map(
      rows.flatMap((row) => {
        const mailbox = mailboxOf(row, clock() - options.retentionMs);
        return mailbox ? [[row.contact, mailbox] as const] : [];
      }),
    );
  }

  async function* exportAll(): AsyncGenerator<ArchivedMailbox> {
    for (let after = ""; ;) {
      const contacts = await contactsAfter(after);
      const last = contacts.at(-1);
      if (last === undefined) return;
      yield* (await read(contacts)).values();
      after = last;
    }
  }

  async function importAll(mailboxes: readonly ArchivedMailbox[]): Promise<void> {
    if (mailboxes.length === 0) return;
    await pool.transaction(async (client) => {
      await importSettled(client, mailboxes);
      await importUpdates(client, mailboxes);
      await importFields(client, mailboxes);
      await importHistory(client, mailboxes);
    });
    const wakes = wakesOf(mailboxes, clock());
    if (wakes.length > 0) await parts.wakeAll(wakes);
  }

  /** What had expired here counts as gone before anything is merged into it. */
  async function importSettled(client: SqlClient, mailboxes: readonly ArchivedMailbox[]): Promise<void> {
    const now = clock();
    const settled = mailboxes.filter(
      ({ applied, history, expiresAt }) =>
        expiresAt !== undefined || history.length > 0 || Object.keys(applied).length > 0,
    );
    const contacts = settled.map(({ contact }) => contact);
    await client.query(
      `WITH gone AS (
         DELETE FROM ${schema}.mailbox_contact WHERE contact = ANY($1::text[]) AND expires_at <= $2 RETURNING contact)
       DELETE FROM ${schema}.mailbox_field WHERE contact IN (SELECT contact FROM gone)`,
      [contacts, now],
    );
    await client.query(
      `INSERT INTO ${schema}.mailbox_contact AS kept (contact, expires_at, contact_id)
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
       ON CONFLICT (contact) DO UPDATE SET expires_at = greatest(kept.expires_at, excluded.expires_at),
         contact_id = coalesce(kept.contact_id, excluded.contact_id)`,
      [
        contacts,
        settled.map(({ expiresAt }) => Math.round(expiresAt ?? now + keepMs)),
        settled.map(({ contactId }) => contactId ?? null),
      ],
    );
    await importPersons(client, settled);
  }

  async function importPersons(client: SqlClient, mailboxes: readonly ArchivedMailbox[]): Promise<void> {
    const ids = mailboxes.flatMap(({ contactId }) => contactId ?? []);
    if (ids.length === 0) return;
    await client.query(
      `INSERT INTO ${schema}.mailbox_person SELECT DISTINCT unnest($1::bigint[]) ON CONFLICT DO NOTHING`,
      [ids],
    );
    await client.query(
      `UPDATE ${schema}.mailbox_contact c SET linked = true WHERE contact_id = ANY($1::bigint[]) AND NOT linked
         AND EXISTS (SELECT 1 FROM ${schema}.mailbox_contact o
           WHERE o.contact_id = c.contact_id AND o.contact <> c.contact)`,
      [ids],
    );
  }

  /** Each line once, on whichever side it was written. */
  async function importHistory(client: SqlClient, mailboxes: readonly ArchivedMailbox[]): Promise<void> {
    const lines = mailboxes.flatMap(({ contact, history }) => history.map((note) => ({ contact, note })));
    await client.query(
      `INSERT INTO ${schema}.mailbox_history (contact, at, note)
       SELECT g.contact, g.at, g.note
       FROM unnest($1::text[], $2::bigint[], $3::text[]) WITH ORDINALITY AS g (contact, at, note, place)
       WHERE NOT EXISTS (SELECT 1 FROM ${schema}.mailbox_history h
         WHERE h.contact = g.contact AND h.at = g.at AND h.note = g.note)
       ORDER BY g.place`,
      [
        lines.map(({ contact }) => contact),
        lines.map(({ note }) => Math.round(note.at)),
        lines.map(({ note }) => keptNote(note)),
      ],
    );
  }

  async function importUpdates(client: SqlClient, mailboxes: readonly ArchivedMailbox[]): Promise<void> {
    const updates = mailboxes.flatMap(({ waiting }) => waiting);
    await client.query(
      `INSERT INTO ${schema}.mailbox_update (contact, id, event_id, patch, stamp, received_at, priority, trace, posted_at)
       SELECT u.*, $9::bigint
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::smallint[], $8::text[]) u
       ON CONFLICT DO NOTHING`,
      [
        updates.map((update) => update.contact),
        updates.map((update) => update.id),
        updates.map((update) => update.eventId),
        updates.map((update) => JSON.stringify(update.patch)),
        updates.map((update) => update.stamp),
        updates.map((update) => update.receivedAt),
        updates.map((update) => rankOf(update.priority)),
        updates.map(({ trace }) => traceText(trace)),
        clock(),
      ],
    );
    const spoke = mailboxes.flatMap(({ contact, eventIds }) => eventIds.map((id) => ({ contact, id })));
    await client.query(
      `INSERT INTO ${schema}.mailbox_event (contact, event_id)
       SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
      [spoke.map(({ contact }) => contact), spoke.map(({ id }) => id)],
    );
  }

  async function importFields(client: SqlClient, mailboxes: readonly ArchivedMailbox[]): Promise<void> {
    const applied = mailboxes.flatMap((mailbox) =>
      Object.entries(mailbox.applied).flatMap(([field, origin]) =>
        origin ? [{ contact: mailbox.contact, field, origin }] : [],
      ),
    );
    await client.query(
      `INSERT INTO ${schema}.mailbox_field AS kept (contact, field, stamp, event_id)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
       ON CONFLICT (contact, field) DO UPDATE SET stamp = excluded.stamp, event_id = excluded.event_id
         WHERE kept.stamp < excluded.stamp`,
      [
        applied.map(({ contact }) => contact),
        applied.map(({ field }) => field),
        applied.map(({ origin }) => origin.stamp),
        applied.map(({ origin }) => origin.eventId),
      ],
    );
  }

  return {
    export: exportAll,
    import: importAll,
    async find(records) {
      const held = await read(records.map(({ contact }) => contact));
      return records.map(({ contact }) => held.get(contact));
    },
  };
}

function mailboxOf(row: MailboxRow, oldest: number): ArchivedMailbox | undefined {
  const updates = JSON.parse(row.updates) as UpdateRow[];
  const events = JSON.parse(row.events) as { event_id: string }[];
  const fields = JSON.parse(row.fields) as FieldRow[];
  const waiting = withInterrupted(
    updates.map((update) => ({
      id: update.id,
      eventId: update.event_id,
      contact: row.contact,
      patch: JSON.parse(update.patch) as ContactUpdate["patch"],
      stamp: update.stamp,
      receivedAt: Number(update.received_at),
      ...keptPriority(priorityOf(update.priority)),
      ...keptTrace(traceFrom(update.trace)),
    })),
    row.wake ?? undefined,
  );
  const isEmpty = row.expires_at === null && (row.expired || events.length === 0);
  if (waiting.length === 0 && isEmpty) return undefined;
  return {
    kind: "mailbox",
    contact: row.contact,
    waiting,
    applied: Object.fromEntries(
      fields.map(({ field, stamp, event_id }) => [field, { stamp, eventId: event_id }]),
    ) as Applied,
    ...(row.contact_id === null ? {} : { contactId: Number(row.contact_id) }),
    history: archivedHistory((JSON.parse(row.history) as string[]).toReversed(), oldest),
    eventIds: events.map(({ event_id }) => event_id),
    ...(row.expires_at === null ? {} : { expiresAt: Number(row.expires_at) }),
    ...(row.wake ? { wake: archivedWake(row.wake, row.due === null ? undefined : Number(row.due)) } : {}),
  };
}
