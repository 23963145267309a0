import pg from "pg";
import { parsePace, type ChangePace } from "../pace.ts";
import type { Store, StoreOptions } from "../store.ts";
import type { SqlClient } from "./client.ts";
import { bullmqSchema, migrate, relaySchema } from "./schema.ts";
import { createSqlStore, type BullmqPool } from "./sql-store.ts";

const connectTimeoutMs = 5_000;

/** A store on a PostgreSQL server (14 or newer), shared by any number of replicas. Rejects when out of reach. */
export async function openPostgresStore(url: string, options: StoreOptions): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    max: 12,
    options: `-c search_path=${bullmqSchema}`,
    application_name: "contact-relay",
  });
  pool.on("error", (error) => options.onError(error, "postgres"));
  // BullMQ takes a pg.Pool; only its declaration of the listeners' types is narrower than pg's.
  const shared = Object.assign(pool, {
    transaction: <Result>(work: (client: SqlClient) => Promise<Result>) => transaction(pool, work),
  }) as unknown as BullmqPool;
  try {
    const client = await pool.connect();
    try {
      await migrate(client, options.prefix);
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  return createSqlStore(
    {
      engine: "postgres",
      pool: shared,
      changePace: sharedPace(pool, options),
      clock: Date.now,
      closePool: () => pool.end(),
    },
    options,
  );
}

async function transaction<Result>(
  pool: pg.Pool,
  work: (client: SqlClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((rollbackError: unknown) => {
      broken = rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError));
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** One row, locked while it is changed, by the server's clock: the same pace for every replica. */
function sharedPace(pool: pg.Pool, options: StoreOptions): ChangePace {
  const table = `"${relaySchema(options.prefix)}".pacer`;
  return async (change) =>
    await transaction(pool, async (client) => {
      await client.query(
        `INSERT INTO ${table} (state) SELECT '{"dueAt":0}' WHERE NOT EXISTS (SELECT 1 FROM ${table})
         ON CONFLICT DO NOTHING`,
      );
      const { rows } = await client.query<{ state: string; now: string }>(
        `SELECT state, (extract(epoch FROM clock_timestamp()) * 1000)::text AS now FROM ${table} FOR UPDATE`,
      );
      const before = parsePace(rows[0]?.state);
      const changed = change(before, Number(rows[0]?.now ?? Date.now()));
      if (changed.pace !== before) {
        await client.query(`UPDATE ${table} SET state = $1`, [JSON.stringify(changed.pace)]);
      }
      return changed.result;
    });
}
