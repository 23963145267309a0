import type { FieldName } from "../../contact/contact-patch.ts";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { Applied, FieldOrigin } from "../../contact/merge.ts";
import { newestOf, overtakenBy, recentMs, referencesMax, writtenBy, type Person } from "../person.ts";
import type { Settled, Settlement } from "../store.ts";
import type { SqlClient, SqlPool } from "./client.ts";

interface ReferenceRow {
  readonly contact: ContactRef;
  readonly contact_id: string | number | null;
  readonly held_until: string | number;
  readonly expires_at: string | number;
}

interface FieldRow {
  readonly contact: ContactRef;
  readonly field: FieldName | null;
  readonly stamp: FieldOrigin["stamp"];
  readonly event_id: string;
}

export interface Persons {
  /** What other references of a person have applied, each as far as it is remembered. */
  others(contact: ContactRef, contactId: number): Promise<ReadonlyMap<ContactRef, Applied>>;
  /**
   * Settles where the reference joins others, has some or leaves some. `settle` writes the settlement itself, in the same
   * transaction.
   */
  settle(
    contact: ContactRef,
    settlement: Settlement,
    person: Person,
    settle: (client: SqlClient) => Promise<boolean>,
  ): Promise<Settled>;
  hold(contact: ContactRef, holdMs: number): Promise<number | undefined>;
  release(contact: ContactRef): Promise<void>;
  /** To be called before the contact's own row goes. */
  forget(client: SqlClient, contact: ContactRef): Promise<void>;
}

/** @param schema the schema's name, quoted */
export function createPersons(pool: SqlPool, schema: string, keepMs: number, clock: () => number): Persons {
  async function settle(
    contact: ContactRef,
    { applied, sent }: Settlement,
    person: Person,
    settleRest: (client: SqlClient) => Promise<boolean>,
  ): Promise<Settled> {
    const { contactId, also = [], overtaken: givenUp = [], holdMs } = person;
    const now = clock();
    const own = [contact, ...also];
    return await pool.transaction(async (client) => {
      await client.query(`INSERT INTO ${schema}.mailbox_person VALUES ($1) ON CONFLICT DO NOTHING`, [
        contactId,
      ]);
      // One after the other: who has come before is seen by what is asked next.
      await client.query(`SELECT 1 FROM ${schema}.mailbox_person WHERE contact_id = $1 FOR UPDATE`, [
        contactId,
      ]);
      if (sent && sent.length > 0 && !(await anyWaits(client, contact, sent))) return false;
      // Whoever settles one of these comes before this or after it.
      const { rows } = await client.query<ReferenceRow>(
        `SELECT contact, contact_id, held_until, expires_at FROM ${schema}.mailbox_contact
         WHERE expires_at > $3 AND (contact = ANY($1::text[]) OR contact_id = $2 OR contact_id IN (
           SELECT contact_id FROM ${schema}.mailbox_contact WHERE contact = ANY($1::text[])))
         ORDER BY contact FOR UPDATE`,
        [own, contactId, now],
      );
      const alive = new Map(rows.map((row) => [row.contact, row]));
      const kept = await fieldsOf(client, [...alive.keys()]);
      const isOf = (ref: ContactRef, id: number) => Number(alive.get(ref)?.contact_id ?? Number.NaN) === id;
      const members = [...alive.keys()].filter((ref) => ref !== contact && isOf(ref, contactId));
      // It expires so long after the last settlement, or after something was parked.
      const isRecent = (ref: ContactRef) =>
        Number(alive.get(ref)?.expires_at ?? 0) - keepMs >= now - recentMs(holdMs);
      // One that finds no room goes on by itself.
      const isApart = !isOf(contact, contactId) && members.length >= referencesMax;
      const others = new Map(
        (isApart ? [] : [...new Set([...members, ...also])]).map((ref) => [
          ref,
          { applied: kept.get(ref) ?? {}, isRecent: isRecent(ref) },
        ]),
      );
      const overtaken = overtakenBy(contact, writtenBy(applied, person), others, person);
      if (overtaken.length > 0) return { overtaken };
      for (const { contact: ref, field } of givenUp) {
        await forgetField(client, ref, field);
        kept.set(ref, { ...kept.get(ref), [field]: undefined });
      }
      const forgotten = own.filter((ref) => !alive.has(ref));
      await client.query(`DELETE FROM ${schema}.mailbox_field WHERE contact = ANY($1::text[])`, [forgotten]);
      const left = new Set<ContactRef>();
      for (const ref of own) {
        const former = Number(alive.get(ref)?.contact_id ?? contactId);
        left.add(ref);
        if (former === contactId) continue;
        const sides = [ref, ...[...alive.keys()].filter((one) => !left.has(one) && isOf(one, former))];
        const all = newestOf(sides.map((one) => kept.get(one) ?? {}));
        for (const side of sides) {
          kept.set(side, all);
          await keepNewest(client, side, all);
        }
      }
      const joining = own.filter((ref) => !isOf(ref, contactId));
      const room = Math.max(0, referencesMax - members.length - (own.length - joining.length));
      const joined = joining.slice(0, room);
      await client.query(
        `INSERT INTO ${schema}.mailbox_contact AS kept (contact, expires_at, contact_id)
         SELECT ref, $2::bigint, CASE WHEN ref = ANY($3::text[]) THEN NULL ELSE $4::bigint END
         FROM unnest($1::text[]) AS r (ref)
         ON CONFLICT (contact) DO UPDATE SET expires_at = greatest(kept.expires_at, excluded.expires_at),
           contact_id = excluded.contact_id, held_until = CASE WHEN kept.contact = $5 THEN 0 ELSE kept.held_until END`,
        [own.toSorted(), now + keepMs, joining.slice(room), contactId, contact],
      );
      await client.query(
        `UPDATE ${schema}.mailbox_contact SET linked = true WHERE contact_id = $1 AND NOT linked
           AND (SELECT count(*) FROM ${schema}.mailbox_contact WHERE contact_id = $1) > 1`,
        [contactId],
      );
      if (joined.includes(contact)) {
        // One of them may have a request on the wire as long as something waits for it.
        await client.query(
          `UPDATE ${schema}.mailbox_contact c SET held_until = $3
           WHERE contact_id = $1 AND contact <> $2 AND held_until <= $4
             AND EXISTS (SELECT 1 FROM ${schema}.mailbox_update u WHERE u.contact = c.contact)`,
          [contactId, contact, now + Math.round(holdMs), now],
        );
      }
      return await settleRest(client);
    });
  }

  async function anyWaits(client: SqlClient, contact: ContactRef, ids: readonly string[]): Promise<boolean> {
    const { rows } = await client.query(
      `SELECT id FROM ${schema}.mailbox_update WHERE contact = $1 AND id = ANY($2::text[]) ORDER BY id FOR UPDATE`,
      [contact, ids],
    );
    return rows.length > 0;
  }

  async function fieldsOf(
    client: SqlClient,
    contacts: readonly ContactRef[],
  ): Promise<Map<ContactRef, Applied>> {
    const { rows } = await client.query<FieldRow>(
      `SELECT contact, field, stamp, event_id FROM ${schema}.mailbox_field WHERE contact = ANY($1::text[])`,
      [contacts],
    );
    return byContact(rows);
  }

  async function forgetField(client: SqlClient, contact: ContactRef, field: FieldName): Promise<void> {
    await client.query(`DELETE FROM ${schema}.mailbox_field WHERE contact = $1 AND field = $2`, [
      contact,
      field,
    ]);
  }

  async function keepNewest(client: SqlClient, contact: ContactRef, applied: Applied): Promise<void> {
    const fields = Object.entries(applied).flatMap(([field, origin]) => (origin ? [{ field, origin }] : []));
    await client.query(
      `INSERT INTO ${schema}.mailbox_field AS kept (contact, field, stamp, event_id)
       SELECT $1, f.field, f.stamp, f.event_id FROM unnest($2::text[], $3::text[], $4::text[]) AS f (field, stamp, event_id)
       ON CONFLICT (contact, field) DO UPDATE SET stamp = excluded.stamp, event_id = excluded.event_id
         WHERE kept.stamp < excluded.stamp`,
      [
        contact,
        fields.map(({ field }) => field),
        fields.map(({ origin }) => origin.stamp),
        fields.map(({ origin }) => origin.eventId),
      ],
    );
  }

  return {
    settle,
    async others(contact, contactId) {
      const { rows } = await pool.query<FieldRow>(
        `SELECT c.contact, f.field, f.stamp, f.event_id FROM ${schema}.mailbox_contact c
         LEFT JOIN ${schema}.mailbox_field f ON f.contact = c.contact
         WHERE c.contact_id = $1 AND c.contact <> $2 AND c.expires_at > $3 ORDER BY c.contact`,
        [contactId, contact, clock()],
      );
      return byContact(rows);
    },
    async hold(contact, holdMs) {
      const now = clock();
      return await pool.transaction(async (client) => {
        const { rows } = await client.query<ReferenceRow>(
          `SELECT contact, held_until FROM ${schema}.mailbox_contact
           WHERE contact_id = (SELECT contact_id FROM ${schema}.mailbox_contact WHERE contact = $1)
           ORDER BY contact FOR UPDATE`,
          [contact],
        );
        const others = rows.filter((row) => row.contact !== contact);
        const until = Math.max(0, ...others.map((row) => Number(row.held_until)));
        const isHeld = until <= now;
        // Whoever asks has no request on the wire.
        await client.query(`UPDATE ${schema}.mailbox_contact SET held_until = $2 WHERE contact = $1`, [
          contact,
          isHeld ? now + Math.round(holdMs) : 0,
        ]);
        return isHeld ? undefined : until;
      });
    },
    async release(contact) {
      await pool.query(`UPDATE ${schema}.mailbox_contact SET held_until = 0 WHERE contact = $1`, [contact]);
    },
    async forget(client, contact) {
      await client.query(
        `SELECT 1 FROM ${schema}.mailbox_person WHERE contact_id = (
           SELECT contact_id FROM ${schema}.mailbox_contact WHERE contact = $1) FOR UPDATE`,
        [contact],
      );
      await client.query(
        `DELETE FROM ${schema}.mailbox_person p USING ${schema}.mailbox_contact c
         WHERE c.contact = $1 AND p.contact_id = c.contact_id AND NOT EXISTS (
           SELECT 1 FROM ${schema}.mailbox_contact o WHERE o.contact_id = c.contact_id AND o.contact <> $1)`,
        [contact],
      );
    },
  };
}

function byContact(rows: readonly FieldRow[]): Map<ContactRef, Applied> {
  const all = new Map<ContactRef, Partial<Record<FieldName, FieldOrigin>>>();
  for (const { contact, field, stamp, event_id } of rows) {
    const applied = all.get(contact) ?? {};
    all.set(contact, applied);
    if (field !== null) applied[field] = { stamp, eventId: event_id };
  }
  return all;
}
