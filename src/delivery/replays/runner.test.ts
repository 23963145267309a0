import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMemoryReplays, type MemoryReplays } from "../../../test/helpers/memory-replays.ts";
import { createVirtualTime, type VirtualTime } from "../../../test/simulation/virtual-time.ts";
import type { RunEnd } from "./run.ts";
import { startReplayRunner } from "./runner.ts";

let time: VirtualTime;
let world: MemoryReplays;
let startedAt: number;
const processes: { stop(): void }[] = [];

beforeEach(() => {
  startedAt = 1_000_000;
  time = createVirtualTime(startedAt);
  world = createMemoryReplays(time.now);
});
afterEach(async () => {
  for (const process of processes.splice(0)) process.stop();
  await time.run(time.now() + 20_000);
});

/** One process that carries replays out. A dead one gets no answer from its store any more. */
function startProcess() {
  const stopping = new AbortController();
  const life = { dead: false, failing: false, diesAfter: Number.POSITIVE_INFINITY };
  const ends: RunEnd[] = [];
  const counts: Record<string, number> = {};
  const errors: unknown[] = [];
  const mortal = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]): Promise<unknown> => {
          if (life.dead) return await new Promise(() => undefined);
          if (life.failing) throw new Error("the store is away");
          const answer: unknown = await Reflect.apply(method, target, args);
          if (name === "replay") life.diesAfter -= 1;
          life.dead ||= life.diesAfter <= 0;
          return life.dead ? await new Promise(() => undefined) : answer;
        };
      },
    });
  const { store } = world;
  const runner = startReplayRunner({
    store: {
      events: mortal(store.events),
      mailbox: mortal(store.mailbox),
      pacer: mortal(store.pacer),
      replays: mortal(store.replays),
      health: store.health,
    },
    clock: time.now,
    sleep: (delayMs) => time.sleep(delayMs),
    stopping: stopping.signal,
    counted: (outcome, count) => void (counts[outcome] = (counts[outcome] ?? 0) + count),
    began: () => undefined,
    ended: (_, end) => void ends.push(end),
    onError: (error) => void errors.push(error),
  });
  const started = { runner, life, ends, counts, errors, stop: () => stopping.abort() };
  processes.push(started);
  return started;
}

/** Runs for so long, while what waits is delivered at once. */
async function pass(seconds: number, delivered: "completed" | "failed" | "nothing" = "completed") {
  for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
    // The clock goes no further than somebody sleeps.
    void time.sleep(100);
    await time.run(time.now() + 100);
    if (delivered !== "nothing") world.finish(delivered);
  }
}

const idsSet = () => world.setWaiting.map(({ id }) => id);

describe("the pace", () => {
  it("events are set waiting at the share of the rate, newest first", async () => {
    const ids = world.accept(1_000, { acceptedAt: 5 });
    const id = world.create({ source: "shop" });
    startProcess();
    await pass(60);
    // 0.2 of 10 a second.
    expect(world.setWaiting.length).toBeGreaterThan(110);
    expect(world.setWaiting.length).toBeLessThanOrEqual(122);
    expect(idsSet()).toEqual(ids.toReversed().slice(0, idsSet().length));
    const { rate, replayed } = world.replay(id).progress;
    expect(rate).toBeCloseTo(2, 0);
    expect(replayed).toBeGreaterThan(100);
    for (const { at } of world.setWaiting) {
      const within = world.setWaiting.filter((other) => other.at >= at && other.at < at + 1_000);
      expect(within.length).toBeLessThanOrEqual(3);
    }
  });

  it("a large share of a high rate is kept, too", async () => {
    world.accept(5_000, { acceptedAt: 5 });
    world.pace.state = { rate: 200, ceiling: 200, pausedForMs: 0 };
    world.create({ source: "shop" }, 0.5);
    startProcess();
    await pass(20);
    expect(world.setWaiting.length).toBeGreaterThan(1_700);
    expect(world.setWaiting.length).toBeLessThanOrEqual(2_150);
  });

  it("no more wait at any time than a few seconds of the share, however long nothing is delivered", async () => {
    world.accept(1_000, { acceptedAt: 5 });
    world.create({ source: "shop" });
    startProcess();
    await pass(50, "nothing");
    expect(world.setWaiting.length).toBe(10);
    world.finish();
    await pass(3, "nothing");
    expect(world.setWaiting.length).toBeGreaterThan(12);
    expect(world.setWaiting.length).toBeLessThanOrEqual(20);
  });

  it("what waits for something of its own does not hold up the others for ever", async () => {
    world.accept(1_000, { acceptedAt: 5 });
    world.create({ source: "shop" });
    startProcess();
    await pass(70, "nothing");
    expect(world.setWaiting.length).toBeGreaterThan(10);
    expect(world.setWaiting.length).toBeLessThanOrEqual(30);
  });

  it("nothing is set waiting while the destination is paused; a lowered rate is followed", async () => {
    world.accept(1_000, { acceptedAt: 5 });
    world.pace.state = { rate: 10, ceiling: 10, pausedForMs: 5_000, reason: "limited" };
    world.create({ source: "shop" });
    startProcess();
    await pass(20);
    expect(world.setWaiting).toEqual([]);
    world.pace.state = { rate: 2.5, ceiling: 10, pausedForMs: 0 };
    await pass(20);
    expect(world.setWaiting.length).toBeGreaterThanOrEqual(8);
    expect(world.setWaiting.length).toBeLessThanOrEqual(12);
  });
});

describe("what is replayed", () => {
  it("only what the filter found when it was made: what arrives later is never part of it", async () => {
    const ids = world.accept(20, { acceptedAt: startedAt - 1 });
    world.accept(5, { source: "other", acceptedAt: startedAt - 1 });
    const id = world.create({ source: "shop" });
    startProcess();
    for (let second = 0; second < 20; second += 1) {
      world.accept(3);
      await pass(1);
    }
    expect(idsSet().toSorted()).toEqual(ids.toSorted());
    expect(world.replay(id)).toMatchObject({
      state: "done",
      progress: { replayed: 20, skipped: {}, failed: 0, batch: [] },
    });
  });

  it("a state is the one in which an event is found, and what fails again is not met again", async () => {
    world.accept(450, { acceptedAt: 5 });
    const failed = world.accept(7, { acceptedAt: 6, state: "failed" });
    world.accept(450, { acceptedAt: 7 });
    const id = world.create({ state: "failed" }, 1);
    const { counts, ends } = startProcess();
    await pass(20, "failed");
    expect(idsSet().toSorted()).toEqual(failed.toSorted());
    expect(world.replay(id)).toMatchObject({ state: "done", progress: { replayed: 7, failed: 7 } });
    expect(counts).toEqual({ replayed: 7, failed: 7 });
    expect(ends).toMatchObject([{ kind: "done" }]);
  });

  it("what cannot be replayed is skipped, each with its reason", async () => {
    const ids = world.accept(10, { acceptedAt: 5 });
    const [gone = "", active = "", vanished = ""] = ids;
    world.event(gone).event = { ...world.event(gone).event, withdrawn: "erased" };
    world.event(active).state = "active";
    const id = world.create({ source: "shop" }, 1);
    startProcess();
    await time.run(time.now());
    world.forget(vanished);
    await pass(20);
    const { state, progress } = world.replay(id);
    expect(state).toBe("done");
    expect(progress).toMatchObject({ replayed: 7, skipped: { gone: 1, "not-finished": 1, "not-found": 1 } });
  });

  it("all of it is set waiting with the low priority", async () => {
    const ids = world.accept(3, { acceptedAt: 5 });
    world.create({ source: "shop" }, 1);
    startProcess();
    await pass(5);
    expect(ids.map((id) => world.event(id).event.priority)).toEqual(["low", "low", "low"]);
  });
});

describe("stopping", () => {
  it("nothing more is set waiting once it was stopped", async () => {
    world.accept(1_000, { acceptedAt: 5 });
    const id = world.create({ source: "shop" });
    const { runner, ends } = startProcess();
    await pass(10);
    const before = world.setWaiting.length;
    expect(before).toBeGreaterThan(5);
    world.stop(id);
    await pass(10);
    expect(world.setWaiting.length).toBe(before);
    expect(runner.running()).toBe(0);
    expect(ends).toMatchObject([{ kind: "given up" }]);
  });

  it("a process that stops lets it go: the next one goes on at once where it ended", async () => {
    const ids = world.accept(40, { acceptedAt: 5 });
    const id = world.create({ source: "shop" });
    const first = startProcess();
    await pass(5);
    first.stop();
    await pass(1);
    const before = world.setWaiting.length;
    expect(world.replay(id).progress.replayed).toBe(before);
    startProcess();
    await pass(2);
    expect(world.setWaiting.length).toBeGreaterThan(before);
    await pass(25);
    expect(idsSet()).toEqual(ids.toReversed());
    expect(world.replay(id)).toMatchObject({ state: "done", progress: { replayed: 40 } });
  });
});

describe("a crash", () => {
  it("one process at a time carries a replay out; another takes over when it has died", async () => {
    const ids = world.accept(60, { acceptedAt: 5 });
    const id = world.create({ source: "shop" });
    const first = startProcess();
    const second = startProcess();
    await pass(6);
    expect(first.runner.running() + second.runner.running()).toBe(1);
    expect(world.setWaiting.length).toBeLessThanOrEqual(14);
    first.life.dead = true;
    await pass(60);
    expect(second.runner.running()).toBe(0);
    expect(idsSet()).toEqual(ids.toReversed());
    expect(world.replay(id)).toMatchObject({ state: "done", progress: { replayed: 60 } });
  });

  it.each([1, 2, 3, 7, 20])(
    "between setting event %i waiting and writing that down: none is replayed twice, all are counted",
    async (diesAfter) => {
      const ids = world.accept(30, { acceptedAt: 5 });
      const id = world.create({ source: "shop" }, 1);
      startProcess().life.diesAfter = diesAfter;
      await pass(5);
      expect(world.setWaiting.length).toBe(diesAfter);
      startProcess();
      await pass(30);
      expect(idsSet()).toEqual(ids.toReversed());
      expect(world.setWaiting.every(({ run }) => run === 1)).toBe(true);
      expect(world.replay(id)).toMatchObject({ state: "done", progress: { replayed: 30, batch: [] } });
    },
  );

  it("one that stood still for longer than its lease and wakes up replays nothing twice", async () => {
    const ids = world.accept(30, { acceptedAt: 5 });
    world.create({ source: "shop" });
    const first = startProcess();
    await pass(3);
    first.life.failing = true;
    await pass(13);
    const second = startProcess();
    await pass(3);
    first.life.failing = false;
    await pass(30);
    expect(idsSet()).toEqual(ids.toReversed());
    expect([...first.ends, ...second.ends].map(({ kind }) => kind).toSorted()).toEqual(["done", "given up"]);
  });

  it("a store that is away is waited for", async () => {
    const ids = world.accept(10, { acceptedAt: 5 });
    const id = world.create({ source: "shop" }, 1);
    const { life, errors } = startProcess();
    await time.run(time.now());
    life.failing = true;
    await pass(30);
    expect(errors.length).toBeGreaterThan(3);
    life.failing = false;
    await pass(20);
    expect(idsSet()).toEqual(ids.toReversed());
    expect(world.replay(id).state).toBe("done");
  });

  it("a store that answers and goes on to refuse an event ends the replay as failed, with what it said", async () => {
    world.accept(10, { acceptedAt: 5 });
    const id = world.create({ source: "shop" }, 1);
    Object.assign(world.store.events, { replay: () => Promise.reject(new Error("it cannot be written")) });
    const { ends } = startProcess();
    await pass(150);
    expect(world.replay(id)).toMatchObject({ state: "failed", message: "it cannot be written" });
    expect(ends).toMatchObject([{ kind: "failed", message: "it cannot be written" }]);
  });
});
