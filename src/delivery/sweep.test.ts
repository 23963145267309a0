import { expect, it } from "vitest";
import type { ContactRef } from "../contact/contact-ref.ts";
import { createSweep, sweepAgeMs } from "./sweep.ts";

it("reaches every contact that has waited for long, however many of them are woken in vain, and then begins anew; at the start what has only just come too", async () => {
  const waiting = Array.from({ length: 2_500 }, (_, index): ContactRef => `id:${index + 1}`);
  let woken: ContactRef[] = [];
  const asked: number[] = [];
  const sweep = createSweep(
    {
      mailbox: {
        async overdue(postedBefore, limit, skip = 0) {
          asked.push(postedBefore);
          return waiting.slice(skip, skip + limit);
        },
        priorities: async () => new Map(),
      },
      wakeAll: async (wakes) => void woken.push(...wakes.map(({ contact }) => contact)),
    },
    () => 100_000,
  );
  for (let call = 0; call < 3; call += 1) await sweep.run();
  expect(woken).toEqual(waiting);
  expect(asked).toEqual([100_000, 100_000 - sweepAgeMs, 100_000 - sweepAgeMs]);
  woken = [];
  await sweep.run();
  expect(woken).toEqual(waiting.slice(0, 1_000));
});

it("looks at everything once more when wake-ups may have been lost, until that was done", async () => {
  const asked: number[] = [];
  let isAway = false;
  const sweep = createSweep(
    {
      mailbox: {
        async overdue(postedBefore) {
          if (isAway) throw new Error("the store is away");
          asked.push(100_000 - postedBefore);
          return [];
        },
        priorities: async () => new Map(),
      },
      wakeAll: async () => undefined,
    },
    () => 100_000,
  );
  await sweep.run();
  await sweep.run();
  sweep.doubt();
  isAway = true;
  await expect(sweep.run()).rejects.toThrow("away");
  isAway = false;
  await sweep.run();
  await sweep.run();
  expect(asked).toEqual([0, sweepAgeMs, 0, sweepAgeMs]);
});
