import { expect, it } from "vitest";
import type { Shares as Counts } from "../store/wakes.ts";
import { createShares } from "./shares.ts";

function setUp(answer: (asked: Counts) => Promise<Counts>) {
  const asked: Counts[] = [];
  const errors: unknown[] = [];
  const time = { now: 0 };
  const shares = createShares(
    {
      async letForward(counts) {
        asked.push(counts);
        return await answer(counts);
      },
    },
    () => time.now,
    (error) => errors.push(error),
  );
  const settled = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { shares, asked, errors, time, settled };
}

it("lets one forward for every eight of others, all at once where many were taken meanwhile", async () => {
  const { shares, asked, time, settled } = setUp(async (counts) => counts);
  for (let taken = 0; taken < 7; taken += 1) shares.taken("high", false);
  expect(asked).toEqual([]);
  shares.taken("high", false);
  await settled();
  expect(asked).toEqual([{ normal: 1, low: 1 }]);
  for (let taken = 0; taken < 80; taken += 1) shares.taken("high", false);
  expect(asked.length).toBe(1);
  time.now = 250;
  shares.taken("low", true);
  await settled();
  expect(asked[1]).toEqual({ normal: 10, low: 10 });
});

it("asks for nobody while each priority has its turn by itself, and owes nothing to what does not wait", async () => {
  const { shares, asked, time, settled } = setUp(async () => ({ normal: 0, low: 0 }));
  for (let taken = 0; taken < 100; taken += 1) shares.taken(taken % 2 === 0 ? "normal" : "low", false);
  expect(asked).toEqual([]);
  for (let taken = 0; taken < 8; taken += 1) shares.taken("normal", false);
  await settled();
  expect(asked).toEqual([{ normal: 0, low: 1 }]);
  time.now = 10_000;
  for (let taken = 0; taken < 7; taken += 1) shares.taken("normal", false);
  expect(asked.length).toBe(1);
});

it("what the store could not do is asked for again", async () => {
  const { shares, asked, errors, time, settled } = setUp(async (counts) => {
    if (asked.length === 1) throw new Error("the store is away");
    return counts;
  });
  for (let taken = 0; taken < 8; taken += 1) shares.taken("high", false);
  await settled();
  expect(errors).toMatchObject([{ message: "the store is away" }]);
  time.now = 250;
  shares.taken("high", false);
  expect(asked[1]).toEqual({ normal: 1, low: 1 });
});
