import fc from "fast-check";
import { expect, it } from "vitest";
import { createPacer, startingPace } from "../store/pace.ts";
import type { PauseReason } from "../store/store.ts";
import { createGate, type Lane } from "./pace.ts";

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

function gateAt(ceiling: number, onCall: () => void = () => undefined) {
  const time = virtualTime(() => 0);
  let pace = startingPace;
  const pacer = createPacer(ceiling, async (change) => {
    onCall();
    const changed = change(pace, time.clock());
    pace = changed.pace;
    return changed.result;
  });
  return { time, gate: createGate(pacer, ceiling, { shared: true, clock: time.clock, sleep: time.sleep }) };
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

it("several slots come from the store in one call, and each request composes without waiting for another", async () => {
  const time = virtualTime(() => 0);
  let pace = startingPace;
  let calls = 0;
  const pacer = createPacer(1_000, async (change) => {
    calls += 1;
    const changed = change(pace, time.clock());
    pace = changed.pace;
    await time.sleep(1);
    return changed.result;
  });
  const gate = createGate(pacer, 1_000, { shared: true, clock: time.clock, sleep: time.sleep });
  const left: number[] = [];
  const all = Promise.all(
    Array.from({ length: 3_000 }, async () => {
      await gate.pass(new AbortController().signal, async () => {
        await time.sleep(8);
        return true;
      });
      left.push(time.clock());
    }),
  );
  await time.run();
  await all;
  const lastAt = left.at(-1) ?? 0;
  expect(2_999 / (lastAt / 1_000)).toBeGreaterThanOrEqual(950);
  expect(mostInOneSecond(left)).toBeLessThanOrEqual(1_001);
  expect(calls).toBeLessThan(300);
});

it("a slot whose request has nothing to say any more goes to the next one", async () => {
  const { gate, time } = gateAt(1);
  const pass = async (message: string | undefined) => {
    const passage = await gate.pass(new AbortController().signal, async () => message);
    return [passage?.message, time.clock()];
  };
  const all = Promise.all([pass(undefined), pass("first"), pass(undefined), pass("second")]);
  await time.run();
  const passages = await all;
  expect(passages[0]).toEqual([undefined, 0]);
  expect(passages[1]).toEqual(["first", 0]);
  expect(passages[3]?.[0]).toBe("second");
  expect(passages[3]?.[1]).toBeLessThan(1_100);
});

it("a request that is stopped leaves at once, unsent, and costs the others nothing", async () => {
  const { gate, time } = gateAt(10);
  const stopping = new AbortController();
  const pass = (signal: AbortSignal) => gate.pass(signal, async () => "sent");
  const stopped = Promise.all([pass(stopping.signal), pass(stopping.signal)]);
  const kept = pass(new AbortController().signal);
  stopping.abort();
  expect(await stopped).toEqual([undefined, undefined]);
  expect(await pass(stopping.signal)).toBeUndefined();
  await time.run();
  expect(await kept).toEqual({ message: "sent", probe: undefined });
});

it("what the store or the composing throws reaches the request, and the gate goes on", async () => {
  let isAway = true;
  const { gate, time } = gateAt(10, () => {
    if (isAway) throw new Error("the store is away");
  });
  const pass = (compose: () => Promise<string>) => gate.pass(new AbortController().signal, compose);
  const refused = Promise.allSettled([pass(async () => "a"), pass(async () => "b")]);
  await time.run();
  expect(await refused).toEqual([
    { status: "rejected", reason: new Error("the store is away") },
    { status: "rejected", reason: new Error("the store is away") },
  ]);
  isAway = false;
  const mixed = Promise.allSettled([pass(() => Promise.reject(new Error("no"))), pass(async () => "c")]);
  await time.run();
  expect(await mixed).toEqual([
    { status: "rejected", reason: new Error("no") },
    { status: "fulfilled", value: { message: "c", probe: undefined } },
  ]);
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

it("the slots go to the highest priority, and every ninth to each lower one that waits; a lane may rise meanwhile", async () => {
  const { time, gate } = gateAt(10);
  const left: string[] = [];
  const pass = async (name: string, lane: Lane) => {
    await gate.pass(new AbortController().signal, async () => true, lane);
    left.push(name);
  };
  const rising: Lane = { priority: "low" };
  const all = [
    ...Array.from({ length: 20 }, () => pass("low", { priority: "low" })),
    pass("rising", rising),
    ...Array.from({ length: 40 }, () => pass("high", { priority: "high" })),
  ];
  rising.priority = "high";
  await time.run();
  await Promise.all(all);
  expect(left.slice(0, 9)).toEqual(["rising", ...Array.from({ length: 7 }, () => "high"), "low"]);
  expect(left.slice(0, 45).filter((name) => name === "low").length).toBe(5);
  expect(left.slice(46)).toEqual(Array.from({ length: 15 }, () => "low"));
});
