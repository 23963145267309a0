import { afterAll, expect, it } from "vitest";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { longDescribe } from "../helpers/length.ts";
import { freePort, until } from "../helpers/relay-process.ts";
import { runRedis, withoutRedis, type RedisProcess } from "../helpers/redis-process.ts";
import { outages } from "./outages.ts";
import { relayUnderTest, type HarmedServer } from "./relay-under-test.ts";

const redis: RedisProcess | undefined = withoutRedis() ? undefined : await runRedis();
const server: HarmedServer | undefined = redis && {
  settings: { REDIS_URL: `redis://127.0.0.1:${redis.port}` },
  kill: () => redis.kill(),
  start: async () => {
    if (redis.pid() === 0) await redis.start();
  },
  freeze: () => void process.kill(redis.pid(), "SIGSTOP"),
  thaw: () => void (redis.pid() !== 0 && process.kill(redis.pid(), "SIGCONT")),
  stop: () => redis.stop(),
};
const relays = relayUnderTest(server);

outages("Redis", server, relays);

longDescribe("Redis in trouble", redis !== undefined, () => {
  const command = (...words: string[]) => redis?.command(...words) ?? Promise.reject(new Error("no server"));
  const extra: RedisProcess[] = [];
  afterAll(async () => {
    await Promise.all(extra.map((one) => one.stop()));
  });

  it(
    "evicting, found out only after it came late: the relay ends with the reason",
    { timeout: 120_000 },
    async () => {
      const late = await runRedis({ started: false, args: ["--maxmemory-policy", "allkeys-lru"] });
      extra.push(late);
      const relay = await relays.start({ REDIS_URL: `redis://127.0.0.1:${late.port}` });
      expect((await relays.readiness(relay)).status).toBe(503);
      await late.start();
      await until(() => relay.output().includes("cannot go on"), 30_000, "the reason");
      expect(relay.output()).toContain("REDIS_ALLOW_EVICTION=true");
      expect(await relay.end("SIGTERM")).toBe(1);
    },
  );

  it(
    "full: refused before it is, while what waits is delivered; taken again when there is room",
    { timeout: 180_000 },
    async () => {
      const relay = await relays.start();
      const used = Number(/used_memory:(\d+)/.exec(String(await command("INFO", "memory")))?.[1]);
      relays.sandbox().fault({ latencyMs: 5_000, times: 1_000 });
      await command("CONFIG", "SET", "maxmemory", String(used + 12_000_000));
      try {
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        const taken: string[] = [];
        let refused = 0;
        let readiness = await relays.readiness(relay);
        for (let n = 0; n < 400 && (refused < 5 || readiness.status === 200); n += 1) {
          const answer = await relays.order(relay, { note: "x".repeat(60_000) });
          if (answer.status === 200) taken.push(answer.email);
          else refused += 1;
          readiness = await relays.readiness(relay);
        }
        expect(readiness).toMatchObject({
          status: 503,
          body: { store: { ok: true, refuses: expect.stringContaining("of its maxmemory") as string } },
        });
        expect(refused).toBeGreaterThanOrEqual(5);
        expect(taken.length).toBeGreaterThan(5);
        const memory = String(await command("INFO", "memory"));
        const share =
          Number(/used_memory:(\d+)/.exec(memory)?.[1]) / Number(/maxmemory:(\d+)/.exec(memory)?.[1]);
        expect(share).toBeLessThan(1);
        relays.sandbox().clearFaults();
        for (const email of taken) await relays.delivered(email);
        expect(relay.output()).not.toContain("OOM command not allowed");
      } finally {
        await command("CONFIG", "SET", "maxmemory", "0");
      }
      await relays.ready(relay);
      expect((await relays.order(relay)).status).toBe(200);
    },
  );

  it(
    "read-only after it lost its mastership: refused, and at work again when it has it back",
    { timeout: 120_000 },
    async () => {
      const relay = await relays.start();
      const before = await relays.order(relay);
      await relays.delivered(before.email);
      // A master that was there and is gone: the data stays.
      await command("REPLICAOF", "127.0.0.1", String(await freePort()));
      try {
        expect(await relays.order(relay)).toMatchObject({ status: 503, retryAfter: "5" });
      } finally {
        await command("REPLICAOF", "NO", "ONE");
      }
      await until(async () => (await relays.order(relay)).status === 200, 30_000, "an event to be taken");
      const after = await relays.order(relay);
      await relays.delivered(after.email);
    },
  );

  it("emptied: said loudly, and at work at once", { timeout: 120_000 }, async () => {
    const relay = await relays.start();
    await relays.delivered((await relays.order(relay)).email);
    await command("FLUSHALL");
    await until(() => relay.output().includes("came back without the relay's data"), 30_000, "the line");
    await relays.delivered((await relays.order(relay)).email);
  });

  it(
    "a queue that somebody paused shows in readiness, until it is resumed",
    { timeout: 180_000 },
    async () => {
      const relay = await relays.start();
      const connection = new Redis(redis?.port ?? 0, "127.0.0.1", { maxRetriesPerRequest: null });
      const queue = new Queue("contacts", { connection, prefix: `{${relays.prefix()}}` });
      try {
        await queue.pause();
        const waiting = await relays.order(relay);
        expect(waiting.status).toBe(200);
        await until(
          async () => (await relays.readiness(relay)).body.worker.state === "silent",
          90_000,
          "the canary",
        );
        expect((await relays.readiness(relay)).status).toBe(503);
        await queue.resume();
        await relays.delivered(waiting.email);
        await relays.ready(relay);
      } finally {
        await queue.close();
        connection.disconnect();
      }
    },
  );
});
