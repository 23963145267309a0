import type { SignOuts } from "../sign-outs.ts";
import { relaySchema } from "./schema.ts";
import type { SqlPool } from "./client.ts";

/** There are few: each addition removes those whose time is over. */
export function createSignOuts(pool: SqlPool, prefix: string, clock: () => number): SignOuts {
  const table = `"${relaySchema(prefix)}".signed_out`;
  return {
    async add(id, until) {
      await pool.query(`DELETE FROM ${table} WHERE expires_at <= $1`, [clock()]);
      await pool.query(`INSERT INTO ${table} (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, [
        id,
        Math.ceil(until),
      ]);
    },
    async has(id) {
      const { rows } = await pool.query(`SELECT 1 FROM ${table} WHERE id = $1 AND expires_at > $2`, [
        id,
        clock(),
      ]);
      return rows.length > 0;
    },
  };
}
