import { numbersKeptMinutes, type Numbers } from "../numbers.ts";
import type { SqlClient } from "./client.ts";
import { relaySchema } from "./schema.ts";

export function createSqlNumbers(pool: SqlClient, prefix: string, clock: () => number): Numbers {
  const table = `"${relaySchema(prefix)}".numbers`;
  return {
    async add(counts) {
      if (counts.length === 0) return;
      // In the same order everywhere, so that no two processes wait for each other.
      await pool.query(
        `WITH old AS (DELETE FROM ${table} WHERE minute < $4)
         INSERT INTO ${table} AS kept (minute, name, count)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS given (minute, name, count)
         ORDER BY minute, name
         ON CONFLICT (minute, name) DO UPDATE SET count = kept.count + excluded.count`,
        [
          counts.map(({ minute }) => minute),
          counts.map(({ name }) => name),
          counts.map(({ count }) => count),
          Math.floor(clock() / 60_000) - numbersKeptMinutes,
        ],
      );
    },
    async read(from, to) {
      const { rows } = await pool.query<{ minute: string | number; name: string; count: string | number }>(
        `SELECT minute, name, count FROM ${table} WHERE minute >= $1 AND minute < $2`,
        [from, to],
      );
      return rows.map(({ minute, name, count }) => ({ minute: Number(minute), name, count: Number(count) }));
    },
  };
}
