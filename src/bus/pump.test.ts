import { describe, expect, it } from "vitest";
import type { Broker, BusConsumer, BusMessage } from "./consumer.ts";
import { startPump, type PumpOptions, type Stored } from "./pump.ts";

const message = (position: string): BusMessage => ({
  headers: {},
  body: Buffer.from(position),
  position,
  at: 1,
});

/** A broker in memory that keeps what is not acknowledged, and gives back what is given back. */
function stage(own: { refusals?: (string | undefined)[]; store?: PumpOptions["store"] } = {}) {
  const told: string[] = [];
  const bus = {
    ready: [] as BusMessage[],
    given: new Map<string, BusMessage>(),
    isAway: false,
    isUnreadable: false,
    fetches: 0,
    told,
    now: 0,
  };
  const answers = () => {
    if (bus.isAway) throw new Error("connection refused");
  };
  const consumer: BusConsumer = {
    async fetch(count) {
      answers();
      if (bus.isUnreadable) throw new Error("no permission");
      bus.fetches += 1;
      const messages = bus.ready.splice(0, count);
      for (const one of messages) bus.given.set(one.position, one);
      if (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      return messages;
    },
    async acknowledge(messages) {
      answers();
      for (const { position } of messages) bus.given.delete(position);
    },
    async giveBack(messages, delayMs) {
      answers();
      told.push(`given back${delayMs === undefined ? "" : ` for ${delayMs} ms`}`);
      for (const one of messages) bus.given.delete(one.position);
      bus.ready.unshift(...messages);
    },
    async keep(messages) {
      answers();
      told.push(`kept ${messages.length}`);
    },
    async backlog() {
      answers();
      return { lag: bus.ready.length, pending: bus.given.size };
    },
    async close() {
      told.push("closed");
    },
  };
  const broker: Broker = {
    place: "a bus in memory",
    async open(listener) {
      answers();
      listener.warned("it has a limit");
      return consumer;
    },
    look: async () => "fine",
  };
  const stored: string[] = [];
  const takeAll = async (messages: readonly BusMessage[]): Promise<Stored> => {
    stored.push(...messages.map(({ position }) => position));
    return { stored: messages.length, duplicates: 0, unreadable: 0 };
  };
  const refusals = own.refusals ?? [];
  const pump = startPump({
    broker,
    store: own.store ?? takeAll,
    refusal: async () => refusals.shift(),
    clock: () => bus.now,
    async wait(delayMs, signal) {
      bus.now += delayMs;
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    observer: {
      fetched: (count) => told.push(`fetched ${count}`),
      stored: ({ stored: count }) => told.push(`stored ${count}`),
      lost: (count) => told.push(`lost ${count}`),
      warned: (what) => told.push(`warned: ${what}`),
      away: (reason) => told.push(`away: ${reason}`),
      back: () => told.push("back"),
    },
  });
  return { bus, pump, stored, takeAll };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 2_000) throw new Error("in vain");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe("what a bus brings", () => {
  it("is acknowledged when it is stored, and not before", async () => {
    let store: (stored: Stored) => void = () => undefined;
    const storing = new Promise<Stored>((resolve) => (store = resolve));
    const { bus, pump } = stage({ store: () => storing });
    bus.ready.push(message("1"), message("2"));
    await until(() => bus.given.size === 2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(bus.given.size).toBe(2);
    store({ stored: 2, duplicates: 0, unreadable: 0 });
    await until(() => bus.given.size === 0);
    await pump.close();
  });

  it("is not fetched while the store takes nothing, and then all of it", async () => {
    const refusals = Array.from({ length: 5 }, () => "the store is full");
    const { bus, pump, stored } = stage({ refusals });
    bus.ready.push(message("1"));
    await until(() => pump.state().message === "the store is full");
    expect(pump.state().state).toBe("waiting");
    expect(bus.fetches).toBe(0);
    await until(() => stored.length === 1);
    expect(pump.state()).toMatchObject({ state: "up" });
    await pump.close();
  });

  it("is tried again when the store fails for a moment, with the same messages", async () => {
    let failures = 3;
    const seen: string[][] = [];
    const { bus, pump } = stage({
      async store(messages) {
        seen.push(messages.map(({ position }) => position));
        failures -= 1;
        if (failures > 0) throw new Error("a moment");
        return { stored: messages.length, duplicates: 0, unreadable: 0 };
      },
    });
    bus.ready.push(message("1"), message("2"));
    await until(() => seen.length === 3 && bus.given.size === 0);
    expect(seen).toEqual([
      ["1", "2"],
      ["1", "2"],
      ["1", "2"],
    ]);
    await pump.close();
  });

  it("is given back when the store stays away, so that another relay can have it", async () => {
    const { bus, pump } = stage({ store: () => Promise.reject(new Error("away")) });
    bus.ready.push(message("1"));
    await until(() => bus.given.size === 1);
    await until(() => bus.given.size === 0 || bus.fetches > 1);
    expect(bus.now).toBeGreaterThan(5_000);
    await until(() => bus.told.includes("given back for 5000 ms"));
    expect(bus.told.filter((line) => line === "kept 1").length).toBeGreaterThan(3);
    await pump.close();
    expect([...bus.ready, ...bus.given.values()]).toHaveLength(1);
    expect(bus.given.size).toBe(0);
  });

  it("is given back, not left half done, when the relay stops in the middle", async () => {
    const { bus, pump } = stage({ store: () => Promise.reject(new Error("away")) });
    bus.ready.push(message("1"), message("2"));
    await until(() => bus.given.size === 2);
    await pump.close();
    expect(bus.given.size).toBe(0);
    expect(bus.ready.map(({ position }) => position)).toEqual(["1", "2"]);
    expect(bus.told).toContain("given back");
    expect(bus.told).toContain("closed");
  });
});

describe("a backlog", () => {
  const backlog = (count: number) => Array.from({ length: count }, (_, index) => message(String(index)));

  it("is fetched on while what came before is stored, one batch ahead and no more", async () => {
    const stores: (() => void)[] = [];
    const { bus, pump, stored } = stage({
      async store(messages) {
        await new Promise<void>((resolve) => stores.push(resolve));
        stored.push(...messages.map(({ position }) => position));
        return { stored: messages.length, duplicates: 0, unreadable: 0 };
      },
    });
    const messages = backlog(1_000);
    bus.ready.push(...messages);
    await until(() => bus.given.size === 400);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(bus.given.size).toBe(400);
    while (stored.length < 1_000) {
      await until(() => stores.length > 0);
      stores.shift()?.();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(stored).toEqual(messages.map(({ position }) => position));
    await pump.close();
    expect(bus.given.size).toBe(0);
  });

  it("is given back whole when the store stays away, and when the relay stops", async () => {
    const { bus, pump } = stage({ store: () => Promise.reject(new Error("away")) });
    bus.ready.push(...backlog(1_000));
    await until(() => bus.told.filter((line) => line.startsWith("given back")).length >= 2);
    expect(bus.ready.length + bus.given.size).toBe(1_000);
    await pump.close();
    expect(bus.given.size).toBe(0);
    expect(bus.ready).toHaveLength(1_000);
  });

  it("is left alone while the store refuses, what was fetched ahead too", async () => {
    const refusals: (string | undefined)[] = [undefined];
    const { bus, pump } = stage({ refusals });
    bus.ready.push(...backlog(600));
    refusals.push("the store is full", "the store is full");
    await until(() => bus.told.some((line) => line.startsWith("given back")));
    await until(() => bus.ready.length + bus.given.size === 0);
    await pump.close();
  });
});

describe("a bus that is away", () => {
  it("is waited for without end, told once when it goes and once when it is back", async () => {
    const { bus, pump, stored } = stage();
    bus.ready.push(message("1"));
    await until(() => stored.length === 1);
    bus.isAway = true;
    await until(() => pump.state().state === "away" && bus.now > 30_000);
    expect(pump.state()).toMatchObject({ message: "connection refused", lag: null, pending: null });
    bus.isAway = false;
    bus.ready.push(message("2"));
    await until(() => stored.length === 2);
    expect(pump.state()).toMatchObject({ state: "up", place: "a bus in memory" });
    await pump.close();
    expect(bus.told.filter((line) => /^(away|back|warned)/.test(line))).toEqual([
      "warned: it has a limit",
      "away: connection refused",
      "back",
    ]);
  });

  it("is not back when it can be connected to and not be read: that is told once as well", async () => {
    const { bus, pump, stored } = stage();
    bus.isUnreadable = true;
    bus.ready.push(message("1"));
    await until(() => bus.now > 30_000);
    bus.isUnreadable = false;
    await until(() => stored.length === 1);
    await pump.close();
    expect(bus.told.filter((line) => /^(away|back)/.test(line))).toEqual(["away: no permission", "back"]);
  });

  it("does not hold up a shutdown", async () => {
    const { bus, pump } = stage();
    bus.isAway = true;
    await until(() => pump.state().state === "away");
    await pump.close();
  });
});
