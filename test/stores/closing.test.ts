import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRedisStore } from "../../src/store/redis/index.ts";
import type { Store } from "../../src/store/store.ts";
import { openPostgresStore } from "../../src/store/postgres/server.ts";
import { runRedis, withoutRedis, type RedisProcess } from "../helpers/redis-process.ts";
import { signalFamily, startPostgres } from "../helpers/postgres-server.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleOptions } from "../helpers/store-samples.ts";

const sockets = () =>
  process.getActiveResourcesInfo().filter((name) => /^(?:TCPSocket|TCPConnect)Wrap$/.test(name)).length;

/** A store with a worker that has run and waits for more. */
async function atWork(store: Store) {
  const contact = sampleContact();
  const runs: string[] = [];
  const worker = store.startWorker(
    async (job) => {
      runs.push(job.data.contact);
    },
    { concurrency: 2 },
  );
  await store.events.accept([sampleEvent()]);
  await store.wake(contact);
  await until(() => runs.includes(contact), 20_000, "the run");
  return worker;
}

async function leavesNoSocket(open: () => Promise<Store>, harm: () => Promise<void> | void): Promise<void> {
  const before = sockets();
  const store = await open();
  const worker = await atWork(store);
  expect(sockets()).toBeGreaterThan(before);
  await harm();
  const startedAt = performance.now();
  await worker.close();
  await store.close(1_000);
  expect(performance.now() - startedAt).toBeLessThan(15_000);
  await until(() => sockets() <= before, 10_000, "every socket to be closed");
}

describe.skipIf(withoutRedis())("a Redis store that is closed leaves no socket behind", () => {
  let redis: RedisProcess;
  const open = () => openRedisStore(`redis://127.0.0.1:${redis.port}`, sampleOptions());
  beforeAll(async () => {
    redis = await runRedis();
  });
  afterAll(() => redis.stop());

  it("while the server answers", async () => {
    await leavesNoSocket(open, () => undefined);
  });

  it("while the server is frozen", { timeout: 60_000 }, async () => {
    try {
      await leavesNoSocket(open, () => void process.kill(redis.pid(), "SIGSTOP"));
    } finally {
      process.kill(redis.pid(), "SIGCONT");
    }
  });

  it("while the server is dead", { timeout: 60_000 }, async () => {
    await leavesNoSocket(open, () => redis.kill());
    await redis.start();
  });

  it("when it could not be opened at all", async () => {
    const before = sockets();
    await expect(openRedisStore("redis://127.0.0.1:1", sampleOptions())).rejects.toThrow();
    await expect(openRedisStore(`redis://127.0.0.1:${redis.port}/99`, sampleOptions())).rejects.toThrow();
    await until(() => sockets() <= before, 10_000, "every socket to be closed");
  });
});

const postgres = await startPostgres();

describe.skipIf(postgres?.pid === undefined)(
  "a PostgreSQL store that is closed leaves no socket behind",
  () => {
    const open = () => openPostgresStore(postgres?.url ?? "", sampleOptions());
    afterAll(() => postgres?.stop());

    it("while the server answers", async () => {
      await leavesNoSocket(open, () => undefined);
    });

    it("while the server is frozen", { timeout: 60_000 }, async () => {
      try {
        await leavesNoSocket(open, () => signalFamily(postgres?.pid ?? 0, "SIGSTOP"));
      } finally {
        signalFamily(postgres?.pid ?? 0, "SIGCONT");
      }
    });

    it("while the server is dead", { timeout: 60_000 }, async () => {
      await leavesNoSocket(open, async () => await postgres?.kill());
      await postgres?.start();
    });
  },
);
