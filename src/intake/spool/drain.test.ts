import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeStore } from "../../../test/helpers/spool-world.ts";
import { sampleEvent } from "../../../test/helpers/store-samples.ts";
import type { RelayEvent } from "../../contact/event.ts";
import { createDrain, type DrainSource } from "./drain.ts";

function sourceOf(events: readonly RelayEvent[]) {
  let left = [...events];
  const asideIds: string[] = [];
  const source: DrainSource = {
    isEmpty: () => left.length === 0,
    oldest: (count) => Promise.resolve(left.slice(0, count)),
    taken: async (count) => void (left = left.slice(count)),
    setAside: async () => void asideIds.push(...left.splice(0, 1).map(({ id }) => id)),
  };
  return { source, asideIds, left: () => left.length };
}

const events = (count: number) => Array.from({ length: count }, () => sampleEvent());

afterEach(() => vi.useRealTimers());

describe("the store", () => {
  it("is not bothered with events while it says itself that it is away, nor when there are none", async () => {
    const store = new FakeStore();
    const { source } = sourceOf(events(1));
    expect(await createDrain(sourceOf([]).source, store)()).toBe("nothing-left");
    store.isHealthy = false;
    expect(await createDrain(source, store)()).toBe("store-away");
    expect(store.calls).toBe(0);
  });

  it("that answers no more counts as away after ten seconds", async () => {
    vi.useFakeTimers();
    const { source, left } = sourceOf(events(1));
    const accept = () => new Promise<never>(() => undefined);
    const drained = createDrain(source, { accept, health: async () => ({ ok: true }) })();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await drained).toBe("store-away");
    expect(left()).toBe(1);
  });

  it("that refuses a batch gets smaller ones, down to one event, and larger ones again when it takes them", async () => {
    const store = new FakeStore();
    const sizes: number[] = [];
    const drain = createDrain(sourceOf(events(400)).source, {
      health: () => store.health(),
      async accept(batch) {
        sizes.push(batch.length);
        if (sizes.length <= 3) throw new Error("too much at once");
        return await store.accept(batch);
      },
    });
    for (let n = 0; n < 7; n += 1) await drain();
    expect(sizes).toEqual([100, 50, 25, 12, 24, 48, 96]);
  });
});

describe("an event that the store refuses", () => {
  it("is tried five times before another one is tried in its place, and once more before it is set aside", async () => {
    const store = new FakeStore();
    const [bad, next] = events(2);
    if (!bad || !next) throw new Error("two events");
    const tried: string[][] = [];
    const { source, asideIds, left } = sourceOf([bad, next]);
    const drain = createDrain(source, {
      health: () => store.health(),
      async accept(batch) {
        tried.push(batch.map(({ id }) => id));
        if (batch.some(({ id }) => id === bad.id)) throw new Error("refused");
        return await store.accept(batch);
      },
    });
    for (let n = 0; n < 5; n += 1) expect(await drain()).toBe("store-away");
    expect(asideIds).toEqual([]);
    expect(await drain()).toBe("some");
    expect(asideIds).toEqual([bad.id]);
    expect(tried.slice(-3)).toEqual([[bad.id], [next.id], [bad.id]]);
    expect(await drain()).toBe("some");
    expect([left(), store.ids()]).toEqual([0, [next.id]]);
  });

  it("is not set aside when it is taken the second time, nor when there is no other to compare it with", async () => {
    const store = new FakeStore();
    const [late, next] = events(2);
    if (!late || !next) throw new Error("two events");
    let refusals = 6;
    const { source, asideIds } = sourceOf([late, next]);
    const drain = createDrain(source, {
      health: () => store.health(),
      async accept(batch) {
        if (batch.some(({ id }) => id === late.id) && refusals-- > 0) throw new Error("not yet");
        return await store.accept(batch);
      },
    });
    for (let n = 0; n < 8; n += 1) await drain();
    expect(asideIds).toEqual([]);
    expect(store.ids().toSorted()).toEqual([late.id, next.id].toSorted());

    const alone = sourceOf(events(1));
    store.takes = () => false;
    const drainAlone = createDrain(alone.source, store);
    for (let n = 0; n < 20; n += 1) expect(await drainAlone()).toBe("store-away");
    expect(alone.asideIds).toEqual([]);
  });
});
