// Servers of a benchmark's own, on loopback, in directories that go when they stop.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";

export const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** Ends a process and waits until it has ended. */
export async function end(child, signal = "SIGTERM") {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

/** @param appendOnly as the relay wants it: an append-only file, written out every second */
export async function startRedis({ appendOnly = true } = {}) {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-redis-"));
  const durable = appendOnly ? ["--appendonly", "yes", "--appendfsync", "everysec"] : [];
  const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", "", ...durable];
  const child = spawn("redis-server", place, { stdio: "ignore" });
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { retryStrategy: () => 100, maxRetriesPerRequest: null });
  // It is asked until it is there.
  client.on("error", () => undefined);
  await client.ping();
  return {
    url,
    pid: child.pid,
    client,
    settings: { REDIS_URL: url },
    empty: async () => void (await client.flushall()),
    bytes: async () => Number(/^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1]),
    async stop() {
      client.disconnect();
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function startPostgres() {
  const packaged = "/usr/lib/postgresql";
  const versions = existsSync(packaged) ? readdirSync(packaged).toSorted().toReversed() : [];
  const binaries = versions.map((version) => join(packaged, version, "bin"))[0];
  if (binaries === undefined) return undefined;
  const idOf = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const account = process.getuid() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-postgres-"));
  if (account.uid !== undefined) chownSync(directory, account.uid, account.gid);
  const data = join(directory, "data");
  const initial = ["-D", data, "-U", "relay", "-A", "trust", "--locale=C.UTF-8", "--no-sync"];
  spawnSync(join(binaries, "initdb"), initial, { ...account, cwd: directory });
  const port = await freePort();
  const settings = ["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${directory}`];
  const child = spawn(join(binaries, "postgres"), ["-D", data, "-p", String(port), ...settings], {
    ...account,
    cwd: directory,
    stdio: "ignore",
  });
  const url = `postgres://relay@127.0.0.1:${port}/postgres`;
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  for (let tries = 0; tries < 50 && !(await pool.query("SELECT 1").catch(() => undefined)); tries += 1) {
    await wait(200);
  }
  const schemas = async () => {
    const { rows } = await pool.query(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname = 'bullmq' OR nspname LIKE 'relay\\_%'",
    );
    return rows.map(({ name }) => name);
  };
  const tables = async () => {
    const { rows } = await pool.query(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = ANY ($1)`,
      [await schemas()],
    );
    return rows.map(({ name }) => name);
  };
  return {
    url,
    pid: child.pid,
    version: (await pool.query("SHOW server_version")).rows[0].server_version,
    settings: { DATABASE_URL: url },
    async empty() {
      for (const schema of await schemas()) await pool.query(`DROP SCHEMA "${schema}" CASCADE`);
    },
    /** Compacted, unless it is to be as it is: with what is dead and not yet used again. */
    async bytes({ asItIs = false } = {}) {
      let bytes = 0;
      for (const table of await tables()) {
        if (!asItIs) await pool.query(`VACUUM FULL ${table}`);
        bytes += Number(
          (await pool.query(`SELECT pg_total_relation_size('${table}') AS bytes`)).rows[0].bytes,
        );
      }
      return bytes;
    },
    async rows() {
      let rows = 0;
      for (const table of await tables()) {
        rows += Number((await pool.query(`SELECT count(*) AS rows FROM ${table}`)).rows[0].rows);
      }
      return rows;
    },
    async stop() {
      await pool.end();
      await end(child, "SIGINT");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Of the embedded store: tables, indexes and what is dead in them, without the write-ahead log, which has a size of its own. */
export function bytesOfTables(directory) {
  let bytes = 0;
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if (/(?:^|\/)base\//.test(file)) bytes += statSync(join(directory, file)).size;
  }
  return bytes;
}
