import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PglitePool } from "./pglite-pool.ts";

let db: PGlite;
let pool: PglitePool;
beforeAll(async () => {
  db = new PGlite();
  pool = new PglitePool(db);
  await pool.query("CREATE TABLE item (id int PRIMARY KEY)");
});
beforeEach(async () => {
  await pool.query("TRUNCATE item");
});
afterAll(async () => {
  await pool.end();
  await db.close();
});

const ids = async () =>
  (await pool.query<{ id: number }>("SELECT id FROM item ORDER BY id")).rows.map((row) => row.id);
const insert = "INSERT INTO item VALUES ($1)";

describe("PGlite in the shape of a pool", () => {
  it("a checked-out client has the session for itself from BEGIN to ROLLBACK", async () => {
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query(insert, [1]);
    const beside = pool.query(insert, [2]);
    await client.query(insert, [3]);
    await client.query("ROLLBACK");
    client.release();
    await beside;
    expect(await ids()).toEqual([2]);
  });

  it("two transactions at once follow one another", async () => {
    const [a, b] = await Promise.all([pool.connect(), pool.connect()]);
    const run = async (client: typeof a, base: number) => {
      await client.query("BEGIN");
      for (let n = 0; n < 5; n += 1) await client.query(insert, [base + n]);
      await client.query(base === 0 ? "ROLLBACK" : "COMMIT");
      client.release();
    };
    await Promise.all([run(a, 0), run(b, 10)]);
    expect(await ids()).toEqual([10, 11, 12, 13, 14]);
  });

  it("a client that is released inside its transaction leaves nothing of it and holds up nobody", async () => {
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query(insert, [1]);
    client.release();
    await pool.query(insert, [2]);
    expect(await ids()).toEqual([2]);
  });

  it("a client that is released while it waits for its transaction holds up nobody", async () => {
    const [a, b] = await Promise.all([pool.connect(), pool.connect()]);
    await a.query("BEGIN");
    const begun = b.query("BEGIN");
    b.release();
    await a.query("COMMIT");
    await expect(begun).rejects.toThrow("closed");
    a.release();
    await pool.query(insert, [1]);
    expect(await ids()).toEqual([1]);
  });

  it("a transaction that throws leaves nothing, one that does not leaves all", async () => {
    const failing = pool.transaction(async (client) => {
      await client.query(insert, [1]);
      throw new Error("stop");
    });
    await expect(failing).rejects.toThrow("stop");
    await pool.transaction(async (client) => {
      await client.query(insert, [2]);
      await client.query(insert, [3]);
    });
    expect(await ids()).toEqual([2, 3]);
  });

  it("a failed statement rejects with its SQLSTATE and does not spoil the next one", async () => {
    await pool.query(insert, [1]);
    await expect(pool.query(insert, [1])).rejects.toMatchObject({ code: "23505" });
    await expect(pool.query("SELECT * FROM nowhere")).rejects.toMatchObject({ code: "42P01" });
    expect(await ids()).toEqual([1]);
  });

  it("several statements run at once without parameters", async () => {
    const { rows } = await pool.query(
      "INSERT INTO item VALUES (1); INSERT INTO item VALUES (2); SELECT 3 AS n",
    );
    expect(rows).toEqual([{ n: 3 }]);
    expect(await ids()).toEqual([1, 2]);
  });

  it("notifications reach every client that listens, and none that was released", async () => {
    const [a, b] = await Promise.all([pool.connect(), pool.connect()]);
    const heard: string[] = [];
    a.on("notification", ({ payload }: { payload: string }) => heard.push(`a ${payload}`));
    b.on("notification", ({ payload }: { payload: string }) => heard.push(`b ${payload}`));
    await a.query("LISTEN news");
    await pool.query("SELECT pg_notify('news', 'one')");
    b.release();
    await pool.query("SELECT pg_notify('news', 'two')");
    a.release();
    expect(heard).toEqual(["a one", "b one", "a two"]);
  });

  const busy = "SELECT count(*) FROM generate_series(1, 3000)";
  const manyQueries = () => Promise.all(Array.from({ length: 400 }, () => pool.query(busy)));
  const longTransaction = () =>
    pool.transaction(async (client) => {
      for (let n = 0; n < 400; n += 1) await client.query(busy);
    });

  it.each([
    { what: "queries are queued up", start: manyQueries },
    { what: "a transaction has many statements", start: longTransaction },
  ])("timers get their turn while $what", async ({ start }) => {
    const queued = start();
    const startedAt = performance.now();
    let longestMs = 0;
    let turns = 0;
    let last = startedAt;
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
      turns += 1;
    }, 1);
    await queued;
    clearInterval(timer);
    expect(performance.now() - startedAt).toBeGreaterThan(100);
    expect(turns).toBeGreaterThan(5);
    expect(longestMs).toBeLessThan((performance.now() - startedAt) / 2);
  });
});
