import pg from "pg";
import { openPostgresStore } from "../../src/store/postgres/server.ts";
import { startPostgres } from "../helpers/postgres-server.ts";
import { insistOn } from "../helpers/engines.ts";
import { growth, type Held } from "./growth.ts";

const server = await startPostgres();
if (!server) insistOn("postgres");
const pool = new pg.Pool({ connectionString: server?.url, max: 1 });
pool.on("error", () => undefined);

/** Rows by table, and the bytes of the tables with their indexes once what is dead has been taken away. */
async function measure(prefix: string): Promise<Held> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('bullmq', $1)`,
    [`relay_${prefix}`],
  );
  const counts: Record<string, number> = {};
  let bytes = 0;
  for (const { name } of rows) {
    await pool.query(`VACUUM ${name}`);
    const { rows: sizes } = await pool.query<{ count: string; bytes: string }>(
      `SELECT count(*) AS count, pg_total_relation_size('${name}') AS bytes FROM ${name}`,
    );
    counts[name] = Number(sizes[0]?.count);
    bytes += Number(sizes[0]?.bytes);
  }
  return { counts, bytes };
}

growth({
  name: "postgres",
  open: server && ((options) => openPostgresStore(server.url, options)),
  measure,
  async close() {
    await pool.end();
    await server?.stop();
  },
});
