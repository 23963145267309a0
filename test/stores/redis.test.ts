import { Redis } from "ioredis";
import { afterAll, describe, expect, it } from "vitest";
import { openRedisStore } from "../../src/store/redis/index.ts";
import type { Store, StoreOptions } from "../../src/store/store.ts";
import { startRedis } from "../helpers/redis-server.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleOptions } from "../helpers/store-samples.ts";
import { expectAgreement, failEvent, park, piece } from "../store-contract/groups.ts";
import { storeContract, type OpenForTest } from "./contract.ts";

const server = await startRedis();
const required = (process.env["REQUIRE_ENGINES"] ?? "").split(",").map((engine) => engine.trim());
if (!server) {
  const message = "redis: skipped, no server found (set TEST_REDIS_URL or install redis-server)";
  if (required.includes("redis")) throw new Error(message);
  process.stderr.write(`${message}\n`);
}

afterAll(async () => {
  await server?.stop();
});

const url = server?.url ?? "";

const open: OpenForTest = async (overrides) => {
  const options = sampleOptions(overrides);
  let store = await openRedisStore(url, options);
  return {
    store,
    async reopen() {
      await store.close(5_000);
      store = await openRedisStore(url, options);
      return store;
    },
    dispose: () => store.close(5_000),
  };
};

async function withStore(overrides: Partial<StoreOptions>, work: (store: Store) => Promise<void>) {
  const { store, dispose } = await open(overrides);
  try {
    await work(store);
  } finally {
    await dispose();
  }
}

describe.skipIf(!server)("Redis", () => {
  storeContract("redis", open);

  it("a server that is not there is a clear message without its password", async () => {
    const away = openRedisStore("redis://user:hunter2@127.0.0.1:9", sampleOptions());
    const error = await away.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain("Redis at 127.0.0.1:9 does not answer");
    expect(String(error)).not.toContain("hunter2");
  });

  it("wake-ups that wait since before there were priorities count as usual ones", async () => {
    const { prefix } = sampleOptions();
    const opened = await open({ prefix });
    const client = new Redis(url);
    try {
      const contacts = Array.from({ length: 1_200 }, sampleContact);
      const wakes = contacts.map((contact) => ({ contact, priority: "normal", raises: false }) as const);
      await opened.store.wakeAll(wakes);
      // As they lay in BullMQ's keys then.
      const root = `{${prefix}}:contacts:`;
      const key = `${root}prioritized`;
      const ids = await client.zrange(key, "0", "-1");
      await client.del(key);
      await client.lpush(`${root}wait`, ...ids);
      for (const id of ids) await client.hset(root + id, "priority", "0");
      const store = (await opened.reopen?.()) ?? opened.store;
      expect((await store.counts()).contacts.waiting).toBe(1_200);
      const lead = sampleContact();
      await store.wake(lead, "high");
      const order: string[] = [];
      const worker = store.startWorker(async (job) => void order.push(job.data.contact), { concurrency: 1 });
      await until(() => order.length > 20, 20_000, "some of them");
      await worker.close();
      expect(order.slice(0, 20)).toEqual([lead, ...contacts.slice(0, 19)]);
    } finally {
      client.disconnect();
      await opened.dispose();
    }
  });

  it("what was parked before there were groups is in its group", async () => {
    const { prefix } = sampleOptions();
    const opened = await open({ prefix });
    const client = new Redis(url);
    try {
      for (const reason of ["one", "one", "two"]) await failEvent(opened.store, reason, "shop");
      await park(opened.store, sampleContact(), [piece("three", 3), piece("four", 4)]);
      const root = `{${prefix}}:parked:`;
      await client.del(...(await client.keys(`${root}*`)));
      const store = (await opened.reopen?.()) ?? opened.store;
      expect((await store.failures.groups({ limit: 10 })).items).toHaveLength(4);
      await expectAgreement(store);
      // A replica of before parks and retries without a word to the index.
      await client.del(...(await client.keys(`${root}items:*`)));
      const [event] = (await store.events.failed(1)).map((failed) => failed.event.id);
      await client.hset(`{${prefix}}:log:event:${event ?? ""}`, "state", "waiting");
      await client.zrem(`{${prefix}}:log:failed`, event ?? "");
      await store.failures.guard();
      await expectAgreement(store);
      // A look at everything that was under way while a piece was taken has put it back.
      const { items } = await store.failures.list(10);
      const id = items.find(({ kind }) => kind === "delivery")?.id ?? "";
      const held = (await client.hget(`${root}of`, id)) ?? "";
      const itemsKey = `${root}items:${held.split(" ")[0] ?? ""}`;
      const at = (await client.zscore(itemsKey, id)) ?? "";
      expect(await store.failures.drop(id)).toBe(true);
      await client.hset(`${root}of`, id, held);
      await client.zadd(itemsKey, at, id);
      await client.zadd(`${root}groups`, at, held.split(" ")[0] ?? "");
      expect((await store.failures.groups({ limit: 10 })).items.map(({ count }) => count)).toContain(1);
      await store.failures.guard();
      await expectAgreement(store);
    } finally {
      client.disconnect();
      await opened.dispose();
    }
  });

  it("opens before tens of thousands that were parked before there were groups are in theirs", async () => {
    const options = sampleOptions();
    const client = new Redis(url);
    try {
      const root = `{${options.prefix}}:`;
      const line = client.pipeline();
      const count = 20_000;
      for (let id = 1; id <= count; id += 1) {
        const data = { contact: `email:a${id}@b.co`, parked: [{ ...piece("no", id), updates: [] }] };
        const about = { timestamp: "1", atm: "1", finishedOn: String(id), failedReason: "x" };
        line.hset(`${root}contacts:${id}`, { ...about, data: JSON.stringify(data) });
        line.zadd(`${root}contacts:failed`, id, String(id));
      }
      await line.exec();
      await withStore(options, async (store) => {
        expect(await client.exists(`${root}parked:built`)).toBe(0);
        expect((await store.failures.groups({ limit: 10 })).items).toMatchObject([{ count, last: count }]);
        expect(await store.failures.openItems()).toBe(count);
        expect(await client.exists(`${root}parked:built`)).toBe(1);
      });
    } finally {
      client.disconnect();
    }
  });

  it("every key carries the prefix's hash tag", async () => {
    await withStore({}, async (store) => {
      const event = sampleEvent();
      await store.events.accept([event]);
      await store.wake(sampleContact());
      await store.pacer.pause(10, "limited");
    });
    const client = new Redis(url);
    try {
      const keys = await client.keys("*");
      expect(keys.length).toBeGreaterThan(3);
      expect(keys.filter((key) => !/^\{[a-z0-9_]+\}:/.test(key))).toEqual([]);
    } finally {
      client.disconnect();
    }
  });

  it("two replicas share one pace: together never more than the rate and one in any second", async () => {
    const options = sampleOptions({ ceiling: 20 });
    const replicas = [await openRedisStore(url, options), await openRedisStore(url, options)];
    try {
      const granted: number[] = [];
      await Promise.all(
        replicas.map(async ({ pacer }) => {
          for (let n = 0; n < 20; n += 1) {
            const grant = await pacer.take(1);
            if (grant.kind === "slots") granted.push(performance.now() + (grant.waitsMs[0] ?? 0));
          }
        }),
      );
      granted.sort((a, b) => a - b);
      const most = Math.max(
        ...granted.map((from) => granted.filter((at) => at >= from && at < from + 1_000).length),
      );
      expect(granted).toHaveLength(40);
      expect(most).toBeLessThanOrEqual(21);
    } finally {
      await Promise.all(replicas.map((store) => store.close(5_000)));
    }
  });

  it("two replicas never work on one contact at the same time", async () => {
    const options = sampleOptions();
    const replicas = [await openRedisStore(url, options), await openRedisStore(url, options)];
    const contacts = Array.from({ length: 5 }, () => sampleContact());
    const running = new Map<string, number>();
    let most = 0;
    let runs = 0;
    const workers = replicas.map((store) =>
      store.startWorker(
        async (job) => {
          const count = (running.get(job.data.contact) ?? 0) + 1;
          running.set(job.data.contact, count);
          most = Math.max(most, count);
          await new Promise((resolve) => setTimeout(resolve, 5));
          running.set(job.data.contact, count - 1);
          runs += 1;
        },
        { concurrency: 10 },
      ),
    );
    try {
      for (let round = 0; round < 20; round += 1) {
        await Promise.all(replicas.flatMap((store) => contacts.map((contact) => store.wake(contact))));
      }
      await until(
        async () => {
          const { contacts: counts } = await (replicas[0]?.counts() ??
            Promise.reject(new Error("no replica")));
          return counts.waiting + counts.active === 0;
        },
        20_000,
        "every wake-up to be run",
      );
      expect(most).toBe(1);
      expect(runs).toBeGreaterThanOrEqual(contacts.length);
    } finally {
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all(replicas.map((store) => store.close(5_000)));
    }
  });

  describe.skipIf(server?.pid === undefined)("outages", () => {
    it(
      "killed: accepting fails at once, and goes on by itself with nothing accepted lost",
      { timeout: 60_000 },
      async () => {
        await withStore({}, async (store) => {
          const before = [sampleEvent(), sampleEvent()];
          await store.events.accept(before);
          // An append-only file that is synced every second may lose the last one to a power cut, not to a kill.
          await server?.kill();
          const startedAt = performance.now();
          await expect(store.events.accept([sampleEvent()])).rejects.toThrow();
          expect(performance.now() - startedAt).toBeLessThan(2_500);
          expect(await store.health(500)).toMatchObject({ ok: false });
          await server?.start();
          await until(async () => (await store.health(500)).ok, 20_000, "the store to answer again");
          for (const event of before) expect((await store.events.find(event.id))?.event).toEqual(event);
          const after = sampleEvent();
          expect(await store.events.accept([after])).toEqual([{ id: after.id, duplicate: false }]);
        });
      },
    );

    it(
      "frozen: accepting settles within its deadline, and what was stored all the same is a duplicate",
      { timeout: 60_000 },
      async () => {
        await withStore({}, async (store) => {
          const event = sampleEvent();
          const pid = server?.pid ?? 0;
          process.kill(pid, "SIGSTOP");
          try {
            const startedAt = performance.now();
            await expect(store.events.accept([event])).rejects.toThrow();
            expect(performance.now() - startedAt).toBeLessThan(2_600);
          } finally {
            process.kill(pid, "SIGCONT");
          }
          await until(async () => (await store.health(500)).ok, 20_000, "the store to answer again");
          const [again] = await store.events.accept([{ ...event, id: sampleEvent().id }]);
          expect((await store.events.find(again?.id ?? ""))?.event.identity).toBe(event.identity);
        });
      },
    );

    it("dead: closing does not wait for it", { timeout: 60_000 }, async () => {
      const store = await openRedisStore(url, sampleOptions());
      await server?.kill();
      const startedAt = performance.now();
      await store.close(1_000);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      await server?.start();
    });
  });
});
