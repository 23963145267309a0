import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { longTest } from "../helpers/length.ts";
import { runRedis } from "../helpers/redis-process.ts";
import { startRedis } from "../helpers/redis-server.ts";
import { until, type RelayProcess } from "../helpers/relay-process.ts";
import { userEvent, waitMs, type BrokerUnderTest, type BusStage, type UserEvent } from "./stage.ts";

const thousand = 1_000;
const chunk = 5_000;

/** What is promised while processes die and stores go away; run at full length only. */
export function busEndurance(stage: BusStage, broker: BrokerUnderTest | undefined): void {
  const { start, fresh, arrived, settled, counted, busOf } = stage;
  const typesOf = (events: readonly UserEvent[]) => events.map(({ type }) => type).toSorted();
  const fetches = (relay: RelayProcess) =>
    until(async () => (await counted(relay, "fetched")) > 0, waitMs, "a message to be fetched");

  longTest(
    "are all there, each once, when the relay is killed in mid-batch again and again",
    {},
    async () => {
      const events = fresh(thousand);
      await broker?.publish(events.slice(0, thousand / 2));
      for (let round = 0; round < 4; round += 1) {
        const relay = await start();
        await fetches(relay).catch(() => undefined);
        if (round === 1) await broker?.publish(events.slice(thousand / 2));
        await relay.end("SIGKILL");
      }
      const relay = await start();
      await arrived(events);
      await settled();
      expect(await stage.storedTypes(relay)).toEqual(typesOf(events));
    },
  );

  longTest("are all there, each once, when the broker is killed in mid-batch", {}, async () => {
    const events = fresh(thousand);
    await broker?.publish(events);
    const relay = await start();
    for (let round = 0; round < 3; round += 1) {
      await fetches(relay);
      await broker?.kill();
      await broker?.start();
    }
    await arrived(events);
    await settled();
    expect(await stage.storedTypes(relay)).toEqual(typesOf(events));
    expect(relay.output()).not.toMatch(/unhandled|uncaught/i);
  });

  longTest("stop the relay at any moment, and nothing of them is lost or left behind", {}, async () => {
    const events = fresh(thousand);
    await broker?.publish(events);
    for (let round = 0; round < 6; round += 1) {
      const relay = await start();
      await wait(40 * round);
      expect(await relay.end("SIGTERM")).toBe(0);
      // At once, not after the time for which a broker waits for a consumer that died.
      await until(async () => (await broker?.pending()) === 0, 5_000, "nothing to be held by nobody");
    }
    const relay = await start();
    await arrived(events);
    expect(await stage.storedTypes(relay)).toEqual(typesOf(events));
  });

  longTest("are shared by two relays; one of them killed, the newest of each contact wins", {}, async () => {
    const server = await startRedis();
    if (!server) return;
    try {
      const people = 50;
      const versions = thousand / people;
      const store = { REDIS_URL: server.url, STORE_PREFIX: "bus" };
      const [one, two] = [await start(store), await start(store)];
      const events = fresh(thousand).map((event, index) => {
        const version = Math.floor(index / people);
        const email = `shared${index % people}@example.com`;
        const time = new Date(Date.UTC(2026, 2, 1) + version * 1_000).toISOString();
        return { ...event, time, data: { user: { email, name: `Version ${version}` } } };
      });
      const shuffled = events.toSorted((a, b) => (mixed(a.id) < mixed(b.id) ? -1 : 1));
      for (let from = 0; from < shuffled.length; from += 20)
        await broker?.publish(shuffled.slice(from, from + 20));
      await fetches(two);
      await until(async () => (await counted(one, "stored")) > 0, waitMs, "the first to store some");
      await one.end("SIGKILL");
      await until(
        async () => (await stage.storedTypes(two)).length === thousand,
        2 * waitMs,
        "all of them to be stored",
        500,
      );
      const newest = `Version ${versions - 1}`;
      const isNewest = () =>
        Array.from({ length: people }, (_, n) => stage.nameAt(`shared${n}@example.com`)).every(
          (name) => name === newest,
        );
      await until(isNewest, waitMs, "the newest of everybody");
      await settled();
      expect(await stage.storedTypes(two)).toEqual(typesOf(events));
    } finally {
      await server.stop();
    }
  });

  longTest("stay at the broker while the store is away, and while it refuses", {}, async () => {
    const server = await runRedis({ args: ["--maxmemory-policy", "noeviction"] });
    try {
      const relay = await start({ REDIS_URL: `redis://127.0.0.1:${server.port}`, STORE_PREFIX: "bus" });
      const before = fresh(20);
      await broker?.publish(before);
      await arrived(before);

      const isWaiting = async () => (await busOf(relay))?.state === "waiting";
      const stays = async (events: readonly UserEvent[]) => {
        await until(isWaiting, waitMs, "the bus to wait");
        // What was fetched before it was known is held ten seconds at most, and given back.
        await until(async () => (await broker?.pending()) === 0, waitMs, "nothing to be held");
        const fetched = await counted(relay, "fetched");
        await broker?.publish(events);
        await wait(3_000);
        expect(await counted(relay, "fetched")).toBe(fetched);
      };
      await server.kill();
      const away = fresh(300);
      await stays(away);
      await server.start();
      await arrived(away);
      await settled();

      await server.command("CONFIG", "SET", "maxmemory", "1mb");
      const refused = fresh(300);
      await stays(refused);
      await server.command("CONFIG", "SET", "maxmemory", "0");
      await arrived(refused);
      await settled();
      expect(await stage.storedTypes(relay)).toEqual(typesOf([...before, ...away, ...refused]));
    } finally {
      await server.stop();
    }
  });

  longTest("in any number take the same memory", { timeout: 10 * waitMs }, async () => {
    const server = await startRedis();
    if (!server) return;
    try {
      const relay = await start({ REDIS_URL: server.url, STORE_PREFIX: "bus", ROLE: "intake" });
      const people = 100;
      const publish = async (from: number, count: number) => {
        for (let sent = 0; sent < count; sent += chunk) {
          const events = Array.from({ length: chunk }, (_, index) =>
            userEvent(from + sent + index, {
              data: { user: { email: `person${(sent + index) % people}@example.com` } },
            }),
          );
          await broker?.publish(events);
        }
      };
      let stored = 0;
      /** The most that the process held while the next ones were stored. */
      const peakOf = async (count: number) => {
        const publishing = publish(stored, count);
        stored += count;
        let peak = 0;
        const isStored = async () => {
          peak = Math.max(peak, residentBytes(relay.pid));
          return (await counted(relay, "stored")) >= stored;
        };
        await until(isStored, 9 * waitMs, `${stored} to be stored`, 200);
        await publishing;
        return peak;
      };
      const first = await peakOf(million / 4);
      const rest = await peakOf((3 * million) / 4);
      // What is kept of each would be more: a garbage collector takes its time, and not that much.
      expect(rest - first).toBeLessThan(100 * 1_048_576);
    } finally {
      await server.stop();
    }
  });
}

const million = 1_000_000;

/** What the process holds in memory, as Linux counts it. */
function residentBytes(pid: number): number {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return Number(pages) * 4_096;
}

/** An order that has nothing to do with that of the ids, the same in every run. */
function mixed(id: string): number {
  let value = 7;
  for (const character of id) value = (value * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return (value * 7_919) % 1_000_003;
}
