import { startChore, type Chore } from "./chore.ts";
import type { SqlClient } from "./client.ts";

const askEveryMs = 5_000;
/** A checkpoint holds this process up for some tenths of a second: as seldom as the disk and a start after a crash allow. */
const logBytesMax = 64 * 1024 * 1024;

const logBytes = `
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`;

/**
 * A PostgreSQL that is one process has nobody who makes its checkpoints: its log would grow until it is closed, fill the
 * disk, and all of it would be gone through by the next start after a crash.
 */
export function makeCheckpoints(
  pool: SqlClient,
  onError: (error: Error, where: string) => void,
  maxBytes = logBytesMax,
): Chore {
  const checkpointIfDue = async () => {
    const { rows } = await pool.query<{ bytes: number }>(logBytes);
    if ((rows[0]?.bytes ?? 0) > maxBytes) await pool.query("CHECKPOINT");
  };
  return startChore("checkpoint", askEveryMs, checkpointIfDue, onError);
}
