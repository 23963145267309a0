import type { Notices } from "../notices.ts";
import type { StoreOptions } from "../store.ts";
import type { SqlPool } from "./client.ts";
import { relaySchema } from "./schema.ts";

/** Leases are by the server's clock, which all replicas share. */
const serverNow = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** One row; each call is one statement. */
export function createSqlNotices(pool: SqlPool, options: StoreOptions): Notices {
  const table = `"${relaySchema(options.prefix)}".notices`;
  return {
    async read() {
      const { rows } = await pool.query<{ book: string | null }>(`SELECT book FROM ${table}`);
      return rows[0]?.book ?? undefined;
    },
    async claim(holder, leaseMs) {
      const { rows } = await pool.query<{ book: string | null }>(
        `INSERT INTO ${table} AS held (lease, lease_until) VALUES ($1, ${serverNow} + $2::bigint)
         ON CONFLICT (only_row) DO UPDATE SET lease = excluded.lease, lease_until = excluded.lease_until
           WHERE held.lease IS NULL OR held.lease = $1 OR held.lease_until <= ${serverNow}
         RETURNING book`,
        [holder, Math.ceil(leaseMs)],
      );
      return rows[0] && { text: rows[0].book ?? undefined };
    },
    async save(holder, text, leaseMs) {
      const { rows } = await pool.query(
        `UPDATE ${table} SET book = $2, lease_until = ${serverNow} + $3::bigint
         WHERE lease = $1 AND lease_until > ${serverNow} RETURNING 1 AS written`,
        [holder, text, Math.ceil(leaseMs)],
      );
      return rows.length > 0;
    },
    async release(holder) {
      await pool.query(`UPDATE ${table} SET lease = NULL, lease_until = NULL WHERE lease = $1`, [holder]);
    },
  };
}
