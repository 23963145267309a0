import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { parsePace, type ChangePace, type Pace } from "../pace.ts";
import type { Store, StoreOptions } from "../store.ts";
import { makeCheckpoints } from "./checkpoints.ts";
import { lockDirectory } from "./directory-lock.ts";
import { durableStartParams, DurableNodeFS } from "./durable-fs.ts";
import { initializeDatabase } from "./initialize.ts";
import { PglitePool } from "./pglite-pool.ts";
import { bullmqSchema, migrate, relaySchema } from "./schema.ts";
import { createScrubber } from "./scrubber.ts";
import { createSqlStore, queueName } from "./sql-store.ts";
import { startVacuum } from "./vacuum.ts";

/** The database works in this process: a slot that it held up is not lost. */
const lateSlotsMs = 50;

export type EmbeddedResult = { ok: true; store: Store } | { ok: false; message: string };

/** The store for one process and nothing else: PostgreSQL in this process, in a directory of its own. */
export async function openEmbeddedStore(dataDir: string, options: StoreOptions): Promise<EmbeddedResult> {
  const lock = await lockDirectory(dataDir);
  if (!lock.ok) return lock;
  let db: PGlite | undefined;
  try {
    await initializeDatabase(dataDir);
    db = new PGlite({
      fs: new DurableNodeFS(join(dataDir, "pg")),
      startParams: [...durableStartParams],
    });
    await db.waitReady;
    const database = db;
    const pool = new PglitePool(database);
    const client = await pool.connect();
    await migrate(client, options.prefix);
    client.release();
    await pool.query(`SET search_path TO ${bullmqSchema}`);
    await resumeInterrupted(pool, options.prefix);
    const changePace = await keepPace(pool, options);
    const checkpoints = makeCheckpoints(pool, options.onError);
    const vacuum = startVacuum(pool, options.onError);
    const scrubber = createScrubber(pool, dataDir, options, Date.now);
    const store = createSqlStore(
      {
        engine: "embedded",
        pool,
        changePace,
        lateSlotsMs,
        clock: Date.now,
        erased: () => scrubber.erased(),
        closePool: async () => {
          await Promise.all([checkpoints.stop(), vacuum.stop()]);
          await (options.scrubAtClose ? scrubber.finish() : scrubber.stop());
          await pool.end();
          await database.close();
          lock.release();
        },
        // There are no connections; the directory stays locked while this process may still write to it.
        dropPool: () => undefined,
      },
      options,
    );
    return { ok: true, store };
  } catch (error) {
    await db?.close().catch(() => undefined);
    lock.release();
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the data directory ${dataDir} cannot be opened: ${why}` };
  }
}

/**
 * Nobody else can own the directory, so whatever was being worked on belonged to a process that is dead:
 * it is put back to the front at once instead of waiting for its lock to run out.
 */
async function resumeInterrupted(pool: PglitePool, prefix: string): Promise<void> {
  await pool.query(
    `UPDATE ${bullmqSchema}.job
     SET state = 'waiting', lock_token = NULL, locked_until_ms = NULL, stalled_marked = false
     WHERE state = 'active' AND queue = $1`,
    [queueName(prefix, "contacts")],
  );
  await pool.query(
    `UPDATE "${relaySchema(prefix)}".event_state SET state = 'waiting', lease = NULL, due_at = NULL
     WHERE state = 'active'`,
  );
}

/** With one process the pace lives in memory; only a pause has to survive it. */
async function keepPace(pool: PglitePool, options: StoreOptions): Promise<ChangePace> {
  const table = `"${relaySchema(options.prefix)}".pacer`;
  const { rows } = await pool.query<{ state: string }>(`SELECT state FROM ${table}`);
  let pace: Pace = parsePace(rows[0]?.state);
  return async (change) => {
    const before = pace;
    const changed = change(before, Date.now());
    pace = changed.pace;
    if (changed.pace.pause !== before.pause || changed.pace.lowered !== before.lowered) {
      await pool.query(
        `INSERT INTO ${table} (state) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET state = excluded.state`,
        [JSON.stringify(changed.pace)],
      );
    }
    return changed.result;
  };
}
