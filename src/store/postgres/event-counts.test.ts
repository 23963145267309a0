import { expect, it } from "vitest";
import type { SqlPool } from "./client.ts";
import { createEventCounts } from "./event-counts.ts";

/** A database in which a count takes as long as it is told to. */
function stage() {
  const held: Record<string, number> = { waiting: 3, active: 0, delayed: 0, failed: 7, completed: 100_000 };
  const state = { held, nowMs: 0, tookMs: 100, asked: [] as string[][] };
  const pool = {
    query(text: string) {
      const states = [...text.matchAll(/'(\w+)' AS state/g)].map(([, name = ""]) => name);
      state.asked.push(states);
      state.nowMs += state.tookMs;
      return Promise.resolve({ rows: states.map((name) => ({ state: name, count: held[name] ?? 0 })) });
    },
  } as unknown as SqlPool;
  return { state, counts: createEventCounts(pool, "t", () => state.nowMs) };
}

it("few are counted whenever somebody asks; many no more often than their counting costs a twentieth", async () => {
  const { state, counts } = stage();
  expect(await counts()).toEqual({ waiting: 3, active: 0, delayed: 0, failed: 7, completed: 100_000 });
  Object.assign(state.held, { waiting: 4, completed: 100_001 });
  expect(await counts()).toMatchObject({ waiting: 4, completed: 100_000 });
  expect(state.asked[1]).toEqual(["waiting", "active", "delayed", "failed"]);
  state.nowMs += 1_800;
  expect((await counts()).completed).toBe(100_000);
  state.nowMs += 200;
  expect((await counts()).completed).toBe(100_001);
});

it("many that have become few are exact again", async () => {
  const { state, counts } = stage();
  await counts();
  state.held["completed"] = 5;
  state.nowMs += 60_000;
  expect((await counts()).completed).toBe(5);
  state.held["completed"] = 6;
  expect((await counts()).completed).toBe(6);
});

it("nothing is asked where all of them are known", async () => {
  const { state, counts } = stage();
  for (const name of Object.keys(state.held)) state.held[name] = 20_000;
  await counts();
  expect(await counts()).toMatchObject({ waiting: 20_000, failed: 20_000 });
  expect(state.asked).toHaveLength(1);
});
