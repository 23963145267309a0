import { describe, expect, it } from "vitest";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate, RelayEvent } from "../contact/event.ts";
import type { Mapped, Source } from "../sources/source.ts";
import type { Complete } from "./completion.ts";
import { createMapAhead } from "./map-ahead.ts";

const whole: Complete = async ({ payload }) => ({ kind: "complete", payload });

function eventOf(index: number): RelayEvent {
  return {
    id: `evt_${index}`,
    source: "shop",
    provider: "form",
    identity: String(index),
    type: "t",
    attributes: {},
    occurredAt: index,
    receivedAt: index,
    replay: 0,
    payload: "{}",
  };
}

function setUp(mapped: (event: RelayEvent) => Mapped, aheadMax = 10) {
  const waiting: RelayEvent[] = [];
  const posts: string[][] = [];
  const woken: ContactRef[] = [];
  const erased: ContactRef[] = [];
  const maps: string[] = [];
  let failure: Error | undefined;
  const source = {
    map: async (event: RelayEvent) => {
      maps.push(event.id);
      return mapped(event);
    },
  } as Partial<Source> as Source;
  const store = {
    events: {
      waiting: async (limit: number) => {
        if (failure) throw failure;
        return waiting.slice(0, limit);
      },
      erase: async () => undefined,
    },
    mailbox: {
      post: async (updates: readonly ContactUpdate[]) => void posts.push(updates.map(({ id }) => id)),
    },
    erase: async (contact: ContactRef) => erased.push(contact),
    wake: async (contact: ContactRef) => void woken.push(contact),
  } as unknown as Parameters<typeof createMapAhead>[1];
  let now = 0;
  const map = createMapAhead(new Map([["shop", source]]), store, whole, aheadMax, () => now);
  return {
    map,
    waiting,
    posts,
    woken,
    erased,
    maps,
    pass: (ms: number) => (now += ms),
    fail: (error: Error) => (failure = error),
  };
}

const update = (event: RelayEvent): Mapped => ({
  kind: "update",
  contact: `id:${(Number(event.id.slice(4)) % 2) + 1}`,
  patch: { firstName: event.id },
  warnings: [],
  report: { fields: [], unusedAnswers: [] },
});

describe("mapping ahead", () => {
  it("posts what waits together with the event at hand, each update once, each contact woken once per post", async () => {
    const { map, waiting, posts, woken, maps } = setUp(update);
    const events = [1, 2, 3, 4, 5].map(eventOf);
    waiting.push(...events.slice(1));
    const outcomes = [];
    for (const event of events) {
      outcomes.push(await map(event));
      waiting.shift();
    }
    expect(posts).toEqual([["evt_1"], ["evt_2", "evt_3", "evt_4", "evt_5"]]);
    expect(woken).toEqual(["id:2", "id:1", "id:2"]);
    expect(maps).toEqual(["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(5).fill("mapped"));
  });

  it("looks again for what has arrived meanwhile, however many mapped ones have to be finished first", async () => {
    const { map, waiting, posts, pass } = setUp(update);
    waiting.push(...[2, 3, 4].map(eventOf));
    await map(eventOf(1));
    waiting.push(eventOf(5));
    waiting.shift();
    await map(eventOf(2));
    expect(posts).toEqual([["evt_1"], ["evt_2", "evt_3", "evt_4"]]);
    pass(250);
    waiting.shift();
    await map(eventOf(3));
    expect(posts.slice(2)).toEqual([["evt_5"]]);
  });

  it("a look that fails is no failure of the event at hand", async () => {
    const { map, waiting, fail, posts } = setUp(update);
    waiting.push(eventOf(2));
    fail(new Error("the store is away"));
    expect(await map(eventOf(1))).toMatchObject({ outcome: "mapped" });
    expect(posts).toEqual([["evt_1"]]);
  });

  it("leaves everything but updates to the event's own turn", async () => {
    const { map, waiting, posts, erased, maps } = setUp((event) =>
      event.id === "evt_2"
        ? { kind: "erase", contacts: ["id:9"], unreadable: [] }
        : { kind: "failed", message: "no" },
    );
    waiting.push(eventOf(2), eventOf(3));
    expect(await map(eventOf(1))).toEqual({ outcome: "failed", message: "no" });
    expect([posts, erased]).toEqual([[], []]);
    waiting.shift();
    expect(await map(eventOf(2))).toEqual({ outcome: "erased" });
    expect(erased).toEqual(["id:9"]);
    expect(maps.filter((id) => id === "evt_2")).toHaveLength(2);
  });

  it("never goes past a request to erase: what its contact is told afterwards stays", async () => {
    const { map, waiting, posts } = setUp((event) =>
      event.id === "evt_3" ? { kind: "erase", contacts: ["id:1"], unreadable: [] } : update(event),
    );
    waiting.push(...[2, 3, 4].map(eventOf));
    await map(eventOf(1));
    expect(posts).toEqual([["evt_1"], ["evt_2"]]);
  });

  it("maps a replay anew, whatever was mapped ahead of the run before", async () => {
    const { map, waiting, maps } = setUp(update);
    waiting.push(eventOf(2));
    await map(eventOf(1));
    waiting.length = 0;
    await map({ ...eventOf(2), replay: 1 });
    expect(maps).toEqual(["evt_1", "evt_2", "evt_2"]);
  });

  it("an event that was erased after it was mapped ahead ends as erased, and its update is not told again", async () => {
    const { map, waiting, maps } = setUp(update);
    waiting.push(eventOf(2));
    await map(eventOf(1));
    waiting.length = 0;
    expect(await map({ ...eventOf(2), withdrawn: "erased" })).toEqual({ outcome: "erased" });
    expect(await map({ ...eventOf(3), withdrawn: "dropped" })).toMatchObject({ reason: "dropped" });
    expect(maps).toEqual(["evt_1", "evt_2"]);
  });

  it("is off where nothing may be looked at ahead", async () => {
    const { map, waiting, maps } = setUp(update, 0);
    waiting.push(eventOf(2));
    await map(eventOf(1));
    expect(maps).toEqual(["evt_1"]);
  });

  it("stops after a quarter of a second, however slow the mappings are", async () => {
    const { map, waiting, maps, pass } = setUp((event) => {
      pass(100);
      return update(event);
    });
    waiting.push(...[2, 3, 4, 5, 6, 7].map(eventOf));
    await map(eventOf(1));
    expect(maps).toEqual(["evt_1", "evt_2", "evt_3", "evt_4"]);
  });
});
