import { describe, expect, it } from "vitest";
import type { Priority } from "../../src/contact/priority.ts";
import { createGate, type Lane, type Sleep } from "../../src/delivery/pace.ts";
import { createShares } from "../../src/delivery/shares.ts";
import { createPacer, startingPace } from "../../src/store/pace.ts";
import { forwardNumbers, jobNumber, readJobNumber, type Shares } from "../../src/store/wakes.ts";
import { createVirtualTime, seededRandom } from "./virtual-time.ts";

const ceiling = 10;
const concurrency = 30;
const startAt = 1_700_000_000_000;

interface Job {
  readonly addedAt: number;
  number: number;
}

interface Left {
  readonly priority: Priority;
  readonly at: number;
  readonly waitedMs: number;
}

interface Arrival {
  readonly priority: Priority;
  readonly everyMs: number;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/**
 * Replicas that share one queue and one pace, as they really choose whose turn it is, in virtual time. `backlog` waits at
 * the start, `arrivals` come meanwhile.
 */
async function simulate(options: {
  readonly seed: number;
  readonly replicas: number;
  readonly forMs: number;
  readonly backlog: Partial<Record<Priority, number>>;
  readonly arrivals: readonly Arrival[];
}): Promise<readonly Left[]> {
  const time = createVirtualTime(startAt);
  const random = seededRandom(options.seed);
  const endsAt = startAt + options.forMs;
  let waiting: Job[] = [];
  let pace = startingPace;
  const left: Left[] = [];
  const add = (priority: Priority) => waiting.push({ addedAt: time.now(), number: jobNumber(priority) });

  function take(): Job | undefined {
    const least = Math.min(...waiting.map(({ number }) => number));
    const at = waiting.findIndex(({ number }) => number === least);
    return at === -1 ? undefined : waiting.splice(at, 1)[0];
  }

  async function letForward(shares: Shares): Promise<Shares> {
    await time.sleep(1 + random() * 5);
    const move = (name: keyof Shares) => {
      const first = waiting.filter(({ number }) => number === jobNumber(name)).slice(0, shares[name]);
      for (const job of first) job.number = forwardNumbers[name];
      return first.length;
    };
    return { normal: move("normal"), low: move("low") };
  }

  function startReplica(): void {
    const pacer = createPacer(ceiling, async (change) => {
      const changed = change(pace, time.now());
      pace = changed.pace;
      return changed.result;
    });
    const sleep: Sleep = async (delayMs) => {
      await time.sleep(delayMs);
      return true;
    };
    const gate = createGate(pacer, ceiling, { shared: options.replicas > 1, clock: time.now, sleep });
    const shares = createShares({ letForward }, time.now, (error) => expect.unreachable(String(error)));
    const run = async () => {
      while (time.now() < endsAt) {
        const job = take();
        if (!job) {
          await time.sleep(5);
          continue;
        }
        const { priority, forward } = readJobNumber(job.number);
        shares.taken(priority, forward);
        const lane: Lane = { priority };
        await gate.pass(new AbortController().signal, async () => true, lane);
        left.push({ priority, at: time.now() - startAt, waitedMs: time.now() - job.addedAt });
        await time.sleep(50 + random() * 400);
      }
    };
    for (let slot = 0; slot < concurrency; slot += 1) void run();
  }

  for (const [priority, count] of Object.entries(options.backlog)) {
    for (let index = 0; index < count; index += 1) add(priority as Priority);
  }
  for (const { priority, everyMs, fromMs = 0, toMs = options.forMs } of options.arrivals) {
    void (async () => {
      await time.sleep(fromMs);
      while (time.now() < startAt + toMs) {
        add(priority);
        await time.sleep(everyMs * (0.5 + random()));
      }
    })();
  }
  for (let replica = 0; replica < options.replicas; replica += 1) startReplica();
  await time.run(endsAt);
  waiting = [];
  return left;
}

const shareOf = (left: readonly Left[], priority: Priority, fromMs: number, toMs: number) => {
  const within = left.filter(({ at }) => at >= fromMs && at < toMs);
  return within.filter((one) => one.priority === priority).length / within.length;
};

describe.each([1, 2])("with %i replicas", (replicas) => {
  it("a lead now and then does not wait behind a backlog, and costs it nothing but its own slots", async () => {
    const left = await simulate({
      seed: 1,
      replicas,
      forMs: 120_000,
      backlog: { low: 5_000 },
      arrivals: [
        { priority: "high", everyMs: 5_000, fromMs: 3_000 },
        { priority: "normal", everyMs: 4_000, fromMs: 3_000 },
      ],
    });
    const waited = (priority: Priority) =>
      left.filter((one) => one.priority === priority).map(({ waitedMs }) => waitedMs);
    expect(waited("high").length).toBeGreaterThan(15);
    expect(Math.max(...waited("high"))).toBeLessThan(1_000);
    expect(Math.max(...waited("normal"))).toBeLessThan(2_000);
    expect(left.length).toBeGreaterThan(0.95 * ceiling * 120);
  });

  it.each([1, 2, 3])("while higher ones never end, each lower one has its tenth, seed %i", async (seed) => {
    const left = await simulate({
      seed,
      replicas,
      forMs: 180_000,
      backlog: { low: 3_000, normal: 3_000 },
      arrivals: [{ priority: "high", everyMs: 50, fromMs: 5_000 }],
    });
    for (let from = 30_000; from < 180_000; from += 30_000) {
      expect(shareOf(left, "low", from, from + 30_000)).toBeGreaterThanOrEqual(0.1);
      expect(shareOf(left, "normal", from, from + 30_000)).toBeGreaterThanOrEqual(0.1);
      expect(shareOf(left, "high", from, from + 30_000)).toBeGreaterThan(0.7);
    }
    expect(left.length).toBeGreaterThan(0.95 * ceiling * 180);
  });

  it("low has its tenth of endless normal work, too, and all of it when that ends", async () => {
    const left = await simulate({
      seed: 4,
      replicas,
      forMs: 150_000,
      backlog: { low: 3_000 },
      arrivals: [{ priority: "normal", everyMs: 80, fromMs: 5_000, toMs: 90_000 }],
    });
    expect(shareOf(left, "low", 30_000, 90_000)).toBeGreaterThanOrEqual(0.1);
    expect(shareOf(left, "normal", 30_000, 90_000)).toBeGreaterThan(0.8);
    expect(shareOf(left, "low", 135_000, 150_000)).toBe(1);
  });
});
