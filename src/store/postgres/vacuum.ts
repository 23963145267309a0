import { startChore, type Chore } from "./chore.ts";
import type { SqlClient } from "./client.ts";

const lookEveryMs = 30_000;
/** As PostgreSQL's own: so many dead rows, and this share of the living ones. */
const deadMin = 5_000;
const deadShare = 0.1;

const worstTable = `
SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
WHERE n_dead_tup > $1::integer + $2::float8 * n_live_tup ORDER BY n_dead_tup DESC LIMIT 1`;

/** Tables that have changed so much that what the planner knows of them is not true any more. */
const strangestTable = `
SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
WHERE n_mod_since_analyze > $1::integer + $2::float8 * n_live_tup ORDER BY n_mod_since_analyze DESC LIMIT 1`;
/** A small sample: it is enough to choose an index by, and takes a quarter of the time. */
const smallSample = "SET default_statistics_target = 10";

/**
 * A PostgreSQL that is one process has nobody who makes the room of dead rows free again: every change of a row would
 * make its table grow for ever, and every list would be planned as of an empty table. One table at a time, because all else
 * waits for it: some tenths of a second at most.
 */
export function startVacuum(pool: SqlClient, onError: (error: Error, where: string) => void): Chore {
  const vacuumWorst = async () => {
    const { rows } = await pool.query<{ name: string }>(worstTable, [deadMin, deadShare]);
    const [table] = rows;
    if (table) await pool.query(`VACUUM ${table.name}`);
    const changed = await pool.query<{ name: string }>(strangestTable, [deadMin, deadShare]);
    const [strangest] = changed.rows;
    if (!strangest) return;
    await pool.query(smallSample);
    await pool.query(`ANALYZE ${strangest.name}`);
  };
  return startChore("vacuum", lookEveryMs, vacuumWorst, onError);
}
