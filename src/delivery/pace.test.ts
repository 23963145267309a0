import fc from "fast-check";
import { expect, it } from "vitest";
import { createPacer, startingPace } from "../store/pace.ts";
import type { PauseReason } from "../store/store.ts";
import { createGate } from "./pace.ts";

/** Sleepers wake in order of time, each late by what `lateness` says: an event loop that stalls. */
function virtualTime(lateness: () => number) {
  let now = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  return {
    clock: () => now,
    sleep: (delayMs: number) =>
      new Promise<boolean>((resolve) => {
        sleepers.push({ at: now + delayMs + lateness(), wake: () => resolve(true) });
      }),
    /** Runs until nobody sleeps any more. */
    async run() {
      for (;;) {
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
        const next = sleepers.sort((a, b) => a.at - b.at).shift();
        if (!next) return;
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}

async function departures(
  ceiling: number,
  requests: number,
  lateness: () => number,
  replicas = 1,
): Promise<number[]> {
  const time = virtualTime(lateness);
  let pace = startingPace;
  const pacer = createPacer(ceiling, async (change) => {
    const changed = change(pace, time.clock());
    pace = changed.pace;
    return changed.result;
  });
  const options = { shared: replicas > 1, clock: time.clock, sleep: time.sleep };
  const gates = Array.from({ length: replicas }, () => createGate(pacer, ceiling, options));
  const left: number[] = [];
  const all = Promise.all(
    Array.from({ length: requests }, async (_, index) => {
      await gates[index % replicas]?.pass(new AbortController().signal, async () => true);
      left.push(time.clock());
    }),
  );
  await time.run();
  await all;
  return left;
}

function mostInOneSecond(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));
}

it("no second ever sees more than the ceiling, however late the timers of this process are", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 30 }),
      async (ceiling, latenesses) => {
        let turn = 0;
        const left = await departures(ceiling, 90, () => latenesses[turn++ % latenesses.length] ?? 0);
        expect(left).toHaveLength(90);
        expect(mostInOneSecond(left)).toBeLessThanOrEqual(ceiling);
      },
    ),
    { numRuns: 60 },
  );
});

it("two replicas together send no more than the ceiling and one in any second, however late their timers are", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 60 }),
      fc.array(fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, fc.integer({ min: 0, max: 400 })), {
        minLength: 5,
        maxLength: 40,
      }),
      async (ceiling, latenesses) => {
        let turn = 0;
        const left = await departures(ceiling, 90, () => latenesses[turn++ % latenesses.length] ?? 0, 2);
        expect(left).toHaveLength(90);
        expect(mostInOneSecond(left)).toBeLessThanOrEqual(ceiling + 1);
      },
    ),
    { numRuns: 200 },
  );
});

it("a replica whose every timer is late goes on all the same", async () => {
  for (const ceiling of [1, 5, 50]) {
    expect(await departures(ceiling, 20, () => 700, 2)).toHaveLength(20);
  }
});

it("a backlog uses 95 % of the ceiling or more when timers are a few milliseconds late", async () => {
  for (const ceiling of [1, 10, 100]) {
    const requests = ceiling * 10;
    const left = await departures(ceiling, requests, () => 2);
    const lastAt = left.at(-1) ?? 0;
    expect((requests - 1) / (lastAt / 1_000)).toBeGreaterThanOrEqual(0.95 * ceiling);
  }
});

it("what another replica is told while a slot is waited for holds for this one too", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("limited", "unauthorized", "failing"),
      fc.constantFrom(0.1, 0.5, 1, 5, 15),
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      async (reason: PauseReason, ceiling, share) => {
        const time = virtualTime(() => 0);
        let pace = startingPace;
        const pacer = createPacer(ceiling, async (change) => {
          const changed = change(pace, time.clock());
          pace = changed.pace;
          return changed.result;
        });
        const gate = createGate(pacer, ceiling, { shared: true, clock: time.clock, sleep: time.sleep });
        const slotMs = 1_000 / ceiling;
        const toldAt = slotMs * share;
        const pauseMs = 20 * slotMs;
        const left: number[] = [];
        const all = Promise.all([
          ...[1, 2].map(async () => {
            await gate.pass(new AbortController().signal, async () => true);
            left.push(time.clock());
          }),
          time.sleep(toldAt).then(() => pacer.pause(pauseMs, reason)),
        ]);
        await time.run();
        await all;
        expect(left[0]).toBe(0);
        expect(left[1]).toBeGreaterThanOrEqual(toldAt + pauseMs);
      },
    ),
  );
});

it("a held gate lets nobody through, whatever slots were reserved before", async () => {
  const time = virtualTime(() => 0);
  let pace = startingPace;
  const pacer = createPacer(10, async (change) => {
    const changed = change(pace, time.clock());
    pace = changed.pace;
    return changed.result;
  });
  const gate = createGate(pacer, 10, { shared: false, clock: time.clock, sleep: time.sleep });
  const left: number[] = [];
  const all = Promise.all(
    Array.from({ length: 5 }, async () => {
      await gate.pass(new AbortController().signal, async () => true);
      left.push(time.clock());
      if (left.length === 1) gate.hold(3_000);
    }),
  );
  await time.run();
  await all;
  expect(left[0]).toBe(0);
  expect(left.slice(1).every((at) => at >= 3_000)).toBe(true);
});
