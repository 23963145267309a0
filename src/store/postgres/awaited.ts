import type { ContactRef } from "../../contact/contact-ref.ts";
import type { Mailbox } from "../store.ts";
import type { SqlClient } from "./client.ts";

/**
 * The names by which contacts that the API does not have may appear.
 *
 * @param schema the schema's name, quoted
 */
export function createAwaited(
  pool: SqlClient,
  schema: string,
  keepMs: number,
  clock: () => number,
): Pick<Mailbox, "awaitContact" | "awaiting" | "forgetAwaiting"> {
  return {
    async awaitContact(contact, names) {
      await pool.query(
        `INSERT INTO ${schema}.mailbox_awaited (name, contact, expires_at)
         SELECT n.name, $2::text, $3::bigint FROM unnest($1::text[]) AS n (name)
         WHERE EXISTS (SELECT 1 FROM ${schema}.mailbox_update WHERE contact = $2)
         ON CONFLICT (name, contact) DO UPDATE SET expires_at = excluded.expires_at`,
        [[...new Set(names)].toSorted(), contact, clock() + keepMs],
      );
    },
    async awaiting(names) {
      const { rows } = await pool.query<{ contact: ContactRef }>(
        `SELECT DISTINCT contact FROM ${schema}.mailbox_awaited WHERE name = ANY($1::text[]) AND expires_at > $2`,
        [names, clock()],
      );
      return rows.map(({ contact }) => contact);
    },
    async forgetAwaiting(contact) {
      await pool.query(`DELETE FROM ${schema}.mailbox_awaited WHERE contact = $1`, [contact]);
    },
  };
}
