import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import type { BusMessage } from "../../src/bus/consumer.ts";
import { redisStream } from "../../src/bus/redis-streams/consumer.ts";
import type { RedisStreamSettings } from "../../src/bus/redis-streams/group.ts";
import { redisFound, runRedis } from "../helpers/redis-process.ts";
import { insistOnBroker } from "../helpers/engines.ts";
import { busGuarantees } from "./bus.ts";
import type { BrokerUnderTest } from "./stage.ts";

if (!redisFound) insistOnBroker("redis");
const server = redisFound ? await runRedis() : undefined;
let streams = 0;
const abandonedMs = 30_000;
const stream = () => `crm.events.${streams}`;

async function asProducer<Result>(work: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(server?.port ?? 0, "127.0.0.1");
  client.on("error", () => undefined);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

const broker: BrokerUnderTest | undefined = server && {
  consume() {
    streams += 1;
    return `{ redis: "redis://127.0.0.1:${server.port}", stream: ${stream()} }`;
  },
  publish: (events) =>
    asProducer(async (client) => {
      await Promise.all(events.map((event) => client.xadd(stream(), "*", "data", JSON.stringify(event))));
    }),
  publishRaw: (body) => asProducer(async (client) => void (await client.xadd(stream(), "*", "data", body))),
  kill: () => server.kill(),
  async start() {
    if (server.pid() === 0) await server.start();
  },
  // What was given back stays pending, so old that anybody may have it.
  pending: () =>
    asProducer(async (client) => {
      const entries = (await client.xpending(stream(), "contact-relay", "-", "+", 10_000)) as [
        id: string,
        consumer: string,
        idleMs: number,
        deliveries: number,
      ][];
      return entries.filter(([, , idleMs]) => idleMs < abandonedMs).length;
    }),
  stop: () => server.stop(),
};

describe.skipIf(!server)("a Redis stream", () => {
  const place = { url: `redis://127.0.0.1:${server?.port}`, group: "g", start: "first" } as const;
  const listened: number[] = [];
  const open = (name: string, more: Partial<RedisStreamSettings> = {}) =>
    redisStream({ ...place, stream: name, ...more }).open({
      lost: (count) => void listened.push(count),
      warned: () => undefined,
    });
  const add = (name: string, from: number, to: number) =>
    asProducer(async (client) => {
      for (let n = from; n <= to; n += 1) await client.xadd(name, `${n}-1`, "data", String(n));
    });
  const bodies = (messages: readonly BusMessage[]) => messages.map(({ body }) => body.toString());

  it("what its owner removes before anybody has read it is told, and never passed over in silence", async () => {
    listened.length = 0;
    await add("trimmed", 1, 10);
    const consumer = await open("trimmed");
    expect(bodies(await consumer.fetch(4))).toEqual(["1", "2", "3", "4"]);
    await add("trimmed", 11, 12);
    await asProducer((client) => client.xtrim("trimmed", "MAXLEN", 3));
    expect(bodies(await consumer.fetch(10))).toEqual(["10", "11", "12"]);
    expect(listened).toEqual([5]);
    await asProducer((client) => client.xtrim("trimmed", "MAXLEN", 0));
    expect(await consumer.fetch(10)).toEqual([]);
    expect(listened).toEqual([5]);
    await add("trimmed", 13, 16);
    await asProducer((client) => client.xtrim("trimmed", "MAXLEN", 0));
    expect(await consumer.fetch(10)).toEqual([]);
    expect(listened).toEqual([5, 4]);
    await consumer.close();
  });

  it("what is given back is somebody else's at once, and what is acknowledged nobody's", async () => {
    await add("shared", 1, 6);
    const [one, two] = [await open("shared"), await open("shared")];
    const [first, second, ...rest] = await one.fetch(4);
    await one.acknowledge([first, second] as BusMessage[]);
    await one.giveBack(rest);
    await one.close();
    expect(bodies(await two.fetch(10))).toEqual(["3", "4"]);
    expect(bodies(await two.fetch(10))).toEqual(["5", "6"]);
    expect(await two.backlog()).toEqual({ lag: 0, pending: 4 });
    await two.close();
  });

  it("a group that is told to start with what is new is given nothing of before; one that is there keeps its place", async () => {
    await add("late", 1, 3);
    const consumer = await open("late", { start: "new" });
    await add("late", 4, 5);
    expect(bodies(await consumer.fetch(10))).toEqual(["4", "5"]);
    await consumer.close();
    const again = await open("late", { start: "first" });
    expect(await again.fetch(10)).toEqual([]);
    await again.close();
  });

  it("fewer are fetched where they are large", async () => {
    const large = "x".repeat(3_000_000);
    await asProducer(async (client) => {
      for (let n = 0; n < 8; n += 1) await client.xadd("large", "*", "data", large);
    });
    const consumer = await open("large");
    expect(await consumer.fetch(2)).toHaveLength(2);
    expect((await consumer.fetch(200)).length).toBeLessThanOrEqual(3);
    await consumer.close();
  });

  it("what is no stream is said to be none, and looking makes nothing", async () => {
    await asProducer((client) => client.set("text", "a"));
    await expect(redisStream({ ...place, stream: "text" }).look()).rejects.toThrow(
      "is no stream but a string",
    );
    expect(await redisStream({ ...place, stream: "nothing" }).look()).toContain("is not there yet");
    expect(await asProducer((client) => client.exists("nothing"))).toBe(0);
    expect(await redisStream({ ...place, stream: "shared" }).look()).toContain("4 not acknowledged");
    expect(await redisStream({ ...place, stream: "shared", group: "other" }).look()).toContain(
      "at the first message",
    );
  });
});

// Its end stops the server.
busGuarantees("Redis Streams", broker);
