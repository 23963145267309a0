import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { expect, it } from "vitest";
import { makeCheckpoints } from "./checkpoints.ts";
import { DurableNodeFS, durableStartParams } from "./durable-fs.ts";
import { initializeDatabase } from "./initialize.ts";
import { PglitePool } from "./pglite-pool.ts";

it("the log of the embedded store ends at what is allowed while the store is open", async () => {
  const directory = await mkdtemp(join(tmpdir(), "relay-log-"));
  await initializeDatabase(directory);
  const db = new PGlite({
    fs: new DurableNodeFS(join(directory, "pg")),
    startParams: [...durableStartParams],
  });
  const pool = new PglitePool(db);
  const errors: Error[] = [];
  const checkpoints = makeCheckpoints(pool, (error) => errors.push(error), 4_000_000);
  const segments = () =>
    readdirSync(join(directory, "pg", "pg_wal")).filter((name) => name.length === 24).length;
  try {
    await pool.query("CREATE TABLE letter (text text)");
    const write = () =>
      pool.query("INSERT INTO letter SELECT repeat(md5(n::text), 20) FROM generate_series(1, 8000) n");
    for (let n = 0; n < 3; n += 1) await write();
    expect(segments()).toBeGreaterThan(12);
    await checkpoints.look();
    expect(segments()).toBeLessThan(4);
    const before = segments();
    await checkpoints.look();
    expect(segments()).toBe(before);
    expect(errors).toEqual([]);
  } finally {
    await checkpoints.stop();
    await pool.end();
    await db.close();
    await rm(directory, { recursive: true });
  }
});
