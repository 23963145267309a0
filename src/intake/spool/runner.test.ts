import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Drained } from "./drain.ts";
import { createRunner, retryDelayMs, type Work } from "./runner.ts";

/** Runs until the steps are used up and answers how long was waited after each. */
async function waitsOf(steps: readonly (Drained | Error)[], work: Partial<Work> = {}): Promise<number[]> {
  const waits: number[] = [];
  const left = [...steps];
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const runner = createRunner({
    random: () => 0,
    lookEveryMs: 777,
    wait: async (ms, signal) => {
      waits.push(ms);
      if (left.length > 0) return;
      finish();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  });
  runner.start({
    look: () => Promise.resolve(false),
    failed: () => undefined,
    drain: async () => {
      const step = left.shift() ?? "nothing-left";
      if (step instanceof Error) throw step;
      return step;
    },
    ...work,
  });
  await finished;
  await runner.stop();
  return waits;
}

describe("how the store is asked for", () => {
  it("ever more rarely while it is away, at once after a success, and anew with the next outage", async () => {
    const away = "store-away";
    expect(await waitsOf([away, away, away, "some", "some", away, "nothing-left"])).toEqual([
      125, 250, 500, 125, 777,
    ]);
  });

  it("a delay that doubles, is never more than 5 s and never less than half of what it is to be", () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const full = Math.min(5_000, 250 * 2 ** failures);
          expect(retryDelayMs(failures, random)).toBeGreaterThanOrEqual(full / 2);
          expect(retryDelayMs(failures, random)).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  it("an error of ours is told once in a row, and waited for like an outage", async () => {
    const told: unknown[] = [];
    const failed = (cause: unknown) => told.push(cause);
    const [first, second, third] = [new Error("1"), new Error("2"), new Error("3")];
    expect(await waitsOf([first, second, "some", third, "nothing-left"], { failed })).toEqual([
      125, 250, 125, 777,
    ]);
    expect(told).toEqual([first, third]);
  });

  it("what is found in files of others is drained without a rest", async () => {
    let looks = 0;
    const look = async () => (looks += 1) === 1;
    expect(await waitsOf(["nothing-left", "some", "nothing-left"], { look })).toEqual([777]);
    expect(looks).toBe(2);
  });
});

it(
  "is woken from its rest by something to drain, even if that comes before it rests",
  { timeout: 10_000 },
  async () => {
    const runner = createRunner({
      random: () => 0,
      lookEveryMs: 60_000,
      wait: (_ms, signal) =>
        signal.aborted
          ? Promise.resolve()
          : new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    });
    let drains = 0;
    let woken = (): void => undefined;
    const drainedAgain = new Promise<void>((resolve) => (woken = resolve));
    runner.start({
      look: () => Promise.resolve(false),
      failed: () => undefined,
      drain() {
        drains += 1;
        if (drains === 1) runner.wake();
        if (drains === 2) setImmediate(() => runner.wake());
        if (drains === 3) woken();
        return Promise.resolve("nothing-left");
      },
    });
    await drainedAgain;
    await runner.stop();
    expect(drains).toBe(3);
  },
);
