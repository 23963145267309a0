import { PGlite } from "@electric-sql/pglite";
import { expect, it } from "vitest";
import { PglitePool } from "./pglite-pool.ts";
import { startVacuum } from "./vacuum.ts";

it("a table whose rows change all the time stays of one size on the embedded store", async () => {
  const db = new PGlite();
  const pool = new PglitePool(db);
  const errors: Error[] = [];
  const vacuum = startVacuum(pool, (error) => errors.push(error));
  const size = async () => {
    const { rows } = await pool.query<{ bytes: number }>("SELECT pg_relation_size('job')::float8 AS bytes");
    return rows[0]?.bytes ?? 0;
  };
  try {
    await pool.query("CREATE TABLE job (id integer PRIMARY KEY, state text, pad text)");
    await pool.query("INSERT INTO job SELECT n, 'new', repeat('x', 100) FROM generate_series(1, 6000) n");
    const sizes: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await pool.query(`UPDATE job SET state = 'round ${round}'`);
      // Else what was changed is counted a second later.
      await pool.query("SELECT pg_stat_force_next_flush()");
      await vacuum.look();
      sizes.push(await size());
    }
    expect(errors).toEqual([]);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1.2 * (sizes[1] ?? 0));
  } finally {
    await vacuum.stop();
    await pool.end();
    await db.close();
  }
});

it("what the planner knows of a table that only grows is kept true on the embedded store", async () => {
  const db = new PGlite();
  const pool = new PglitePool(db);
  const errors: Error[] = [];
  const vacuum = startVacuum(pool, (error) => errors.push(error));
  const known = async () => {
    const { rows } = await pool.query<{ rows: number }>(
      "SELECT reltuples::integer AS rows FROM pg_class WHERE relname = 'event'",
    );
    return rows[0]?.rows ?? 0;
  };
  try {
    await pool.query("CREATE TABLE event (id integer PRIMARY KEY, source text)");
    await pool.query("INSERT INTO event SELECT n, 'shop' FROM generate_series(1, 6000) n");
    await pool.query("SELECT pg_stat_force_next_flush()");
    expect(await known()).toBeLessThan(6_000);
    await vacuum.look();
    expect(errors).toEqual([]);
    expect(await known()).toBe(6_000);
  } finally {
    await vacuum.stop();
    await pool.end();
    await db.close();
  }
});
