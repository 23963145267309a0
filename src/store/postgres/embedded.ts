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
export type EmbeddedStores = { ok: true; stores: readonly Store[] } | { ok: false; message: string };

/** The store for one process and nothing else: PostgreSQL in this process, in a directory of its own. */
export async function openEmbeddedStore(dataDir: string, options: StoreOptions): Promise<EmbeddedResult> {
  const opened = await openEmbeddedStores(dataDir, [options]);
  if (!opened.ok) return opened;
  const [store] = opened.stores;
  return store ? { ok: true, store } : { ok: false, message: "no store was asked for" };
}

/** Several in one directory, each under its own prefix; the last one that is closed lets go of the directory. */
export async function openEmbeddedStores(
  dataDir: string,
  namespaces: readonly StoreOptions[],
): Promise<EmbeddedStores> {
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
    for (const { prefix } of namespaces) await migrate(client, prefix);
    client.release();
    await pool.query(`SET search_path TO ${bullmqSchema}`);
    const onError: StoreOptions["onError"] = (error, where) => namespaces[0]?.onError(error, where);
    const checkpoints = makeCheckpoints(pool, onError);
    const vacuum = startVacuum(pool, onError);
    const prefixes = namespaces.map(({ prefix }) => prefix);
    const scrubber = createScrubber(pool, dataDir, { prefixes, onError }, Date.now);
    const isScrubbed = namespaces.some(({ scrubAtClose }) => scrubAtClose === true);
    const closeDatabase = async () => {
      await Promise.all([checkpoints.stop(), vacuum.stop()]);
      await (isScrubbed ? scrubber.finish() : scrubber.stop());
      await pool.end();
      await database.close();
      lock.release();
    };
    let open = namespaces.length;
    const stores: Store[] = [];
    for (const options of namespaces) {
      await resumeInterrupted(pool, options.prefix);
      const parts = {
        engine: "embedded",
        pool,
        changePace: await keepPace(pool, options),
        lateSlotsMs,
        clock: Date.now,
        erased: () => scrubber.erased(),
        closePool: async () => {
          open -= 1;
          if (open === 0) await closeDatabase();
        },
        // There are no connections; the directory stays locked while this process may still write to it.
        dropPool: () => undefined,
      } as const;
      stores.push(createSqlStore(parts, options));
    }
    return { ok: true, stores };
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
