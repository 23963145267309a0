import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { openPostgresStore } from "../../src/store/postgres/server.ts";
import { insistOn } from "../helpers/engines.ts";
import { startPostgres } from "../helpers/postgres-server.ts";
import { runRedis, withoutRedis } from "../helpers/redis-process.ts";
import { finishCommand, startRelayProcess } from "../helpers/relay-process.ts";
import { sampleOptions } from "../helpers/store-samples.ts";

let sandbox: Sandbox;
let directory = "";
beforeEach(async () => {
  sandbox = await startSandbox();
  directory = mkdtempSync(join(tmpdir(), "relay-check-"));
});
afterEach(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

const settings = () => ({ AELYST_API_TOKEN: "token", AELYST_API_URL: sandbox.url, FORM_KEY: "key" });
const check = (own: Record<string, string>) => finishCommand(["check"], { ...settings(), ...own });

describe("check on the embedded store", () => {
  it("makes no store, and says where the first start will", async () => {
    const dataDir = join(directory, "a", "b");
    const { code, out } = await check({ DATA_DIR: dataDir });
    expect(out).toContain(`${dataDir} is where the first start makes it`);
    expect(code).toBe(0);
    expect(existsSync(join(directory, "a"))).toBe(false);
  });

  it("where a relay is at work is no problem", async () => {
    const dataDir = join(directory, "data");
    const relay = await startRelayProcess({ ...settings(), DATA_DIR: dataDir });
    try {
      const { code, out } = await check({ DATA_DIR: dataDir });
      expect(out).toContain(`${dataDir} is in use by process ${relay.pid}`);
      expect(code).toBe(0);
    } finally {
      await relay.end("SIGTERM");
    }
    expect((await check({ DATA_DIR: dataDir })).out).toContain(`${dataDir} holds a store`);
  });

  it("names a directory that cannot be one", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    const { code, out } = await check({ DATA_DIR: join(file, "data") });
    expect(out).toMatch(/PROBLEM {2}store: the embedded store cannot be opened/);
    expect(code).toBe(1);
  });
});

describe.skipIf(withoutRedis())("check on Redis", () => {
  it("writes nothing, and says when no events would be taken", async () => {
    const server = await runRedis();
    try {
      const own = { REDIS_URL: `redis://127.0.0.1:${server.port}` };
      expect((await check(own)).code).toBe(0);
      expect(await server.command("DBSIZE")).toBe(0);
      await server.command("CONFIG", "SET", "maxmemory", "1000000");
      const full = await check(own);
      expect(full.out).toMatch(/PROBLEM {2}store: Redis has used \d+ % of its maxmemory/);
      expect(full.code).toBe(1);
    } finally {
      await server.stop();
    }
  });
});

const postgres = await startPostgres();
if (!postgres) insistOn("postgres");

describe.skipIf(!postgres)("check on PostgreSQL", () => {
  const url = postgres?.url ?? "";
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on("error", () => undefined);
  afterAll(async () => {
    await pool.end();
    await postgres?.stop();
  });

  it("makes no tables and leaves old ones as they are, whatever a start would do", async () => {
    const first = await check({ DATABASE_URL: url });
    expect(first.out).toContain('schema "relay_relay" is not there yet: the first start makes it');
    expect(first.code).toBe(0);
    const { rows } = await pool.query(
      "SELECT 1 FROM pg_namespace WHERE nspname IN ('bullmq', 'relay_relay')",
    );
    expect(rows).toEqual([]);

    await (await openPostgresStore(url, sampleOptions({ prefix: "relay" }))).close(2_000);
    await pool.query(
      "DELETE FROM relay_relay.migration WHERE version = (SELECT max(version) FROM relay_relay.migration)",
    );
    const versions = async () =>
      (await pool.query<{ version: number }>("SELECT version FROM relay_relay.migration")).rows;
    const before = await versions();
    const old = await check({ DATABASE_URL: url });
    expect(old.out).toMatch(/schema "relay_relay", version \d+: the next start brings it to \d+/);
    expect(await versions()).toEqual(before);
  });

  it("refuses tables of a newer version", async () => {
    await pool.query("INSERT INTO relay_relay.migration VALUES (999)");
    const { code, out } = await check({ DATABASE_URL: url });
    expect(out).toContain("the database was last used by a newer contact-relay");
    expect(code).toBe(1);
  });
});
