import { byAge, type Replica, type Replicas } from "../replicas.ts";
import type { SqlPool } from "./client.ts";
import { relaySchema } from "./schema.ts";

/** By the server's clock, which all replicas share. */
const serverNow = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** A row for each. `isAlone`: nobody else can run on this store, so that whoever else is there has died. */
export function createSqlReplicas(pool: SqlPool, prefix: string, isAlone: boolean): Replicas {
  const table = `"${relaySchema(prefix)}".replica`;
  const isGone = isAlone ? "true" : `gone_at <= ${serverNow}`;
  return {
    async tell({ id, ...about }, forMs) {
      // Two that clear away the same rows never wait for each other.
      await pool.query(
        `WITH gone AS (
           DELETE FROM ${table} WHERE id IN (
             SELECT id FROM ${table} WHERE id <> $1 AND ${isGone} FOR UPDATE SKIP LOCKED
           )
         )
         INSERT INTO ${table} (id, about, seen_at, gone_at) VALUES ($1, $2, ${serverNow}, ${serverNow} + $3::bigint)
         ON CONFLICT (id) DO UPDATE
           SET about = excluded.about, seen_at = excluded.seen_at, gone_at = excluded.gone_at`,
        [id, JSON.stringify(about), Math.ceil(forMs)],
      );
    },
    async forget(id) {
      await pool.query(`DELETE FROM ${table} WHERE id = $1`, [id]);
    },
    async list() {
      const { rows } = await pool.query<{ id: string; about: string; seen_at: string | number }>(
        `SELECT id, about, seen_at FROM ${table} WHERE gone_at > ${serverNow}`,
      );
      return byAge(
        rows.map(({ id, about, seen_at: seenAt }) => ({
          ...(JSON.parse(about) as Omit<Replica, "id">),
          id,
          seenAt: Number(seenAt),
        })),
      );
    },
  };
}
