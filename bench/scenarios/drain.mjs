// How well a backlog drains: the relay beside a hand-written Hono + BullMQ endpoint with BullMQ's own limiter, against
// the same sandbox API in the same run.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { startRelay } from "../../dist/commands/relay.js";
import { readConfig } from "../../dist/config.js";
import { makeStamp } from "../../dist/contact/stamp.js";
import { createLogger } from "../../dist/telemetry/logger.js";
import { mostInOneSecond } from "../harness/figures.mjs";
import { end, freePort } from "../harness/servers.mjs";

const eventsPerContact = 3;
const secondsMeasured = Number(process.env.BENCH_DRAIN_SECONDS ?? 15);

/** What the API saw, from the second second on: the first one is the start. */
function measure(requests, allowedPerSecond) {
  const times = requests.map((request) => request.at).sort((a, b) => a - b);
  const from = (times[0] ?? 0) + 1_000;
  const until = times.at(-1) ?? 0;
  const steady = requests.filter((request) => request.at >= from && request.at < until);
  const passed = steady.filter((request) => request.status === 200).length;
  return {
    use: passed / ((until - from) / 1_000) / allowedPerSecond,
    most: mostInOneSecond(times),
    limited: requests.filter((request) => request.status === 429).length / Math.max(1, requests.length),
    requests: requests.length,
  };
}

/** The API in a process of its own: what holds up the relay must not hold up the one who counts. */
async function startApi({ allowed, limiter, latencyMs }) {
  const port = await freePort();
  const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "sandbox", "--port", port, "--rate", allowed], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`the sandbox ended with ${code}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  for (const fault of [{ rate: allowed, limiter }, { latencyMs }]) {
    const response = await fetch(`${url}/_sandbox/faults`, { method: "POST", body: JSON.stringify(fault) });
    if (!response.ok) throw new Error(await response.text());
  }
  return {
    url: `${url}/v1`,
    requests: async () => await (await fetch(`${url}/_sandbox/requests?limit=100000`)).json(),
    close: () => end(child),
  };
}

async function drainWithRelay(storeSettings, scenario) {
  const dataDir = mkdtempSync(join(tmpdir(), "relay-bench-"));
  const sandbox = await startApi(scenario);
  const read = readConfig({
    AELYST_API_TOKEN: "bench",
    AELYST_API_URL: sandbox.url,
    AELYST_RATE_LIMIT: String(scenario.ceiling),
    HOST: "127.0.0.1",
    PORT: "0",
    DATA_DIR: dataDir,
    STORE_PREFIX: `bench${Date.now()}`,
    ...storeSettings,
  });
  const started = await startRelay(read.config, [], createLogger({ level: "silent" }), "bench");
  if (!started.ok) throw new Error(started.message);
  const { store } = started.relay;
  const contacts = Math.ceil(Math.min(scenario.ceiling, scenario.allowed) * secondsMeasured);
  const now = Date.now();
  for (let index = 0; index < contacts; index += 1) {
    const contact = `id:${index + 1}`;
    const updates = Array.from({ length: eventsPerContact }, (_, n) => {
      const id = `evt_${index}_${n}`;
      const stamp = makeStamp({ occurredAt: now + n, receivedAt: now, id, replay: 0 });
      return { id, eventId: id, contact, patch: { firstName: `Name ${n}` }, stamp, receivedAt: now };
    });
    await store.mailbox.post(updates);
    await store.wake(contact);
  }
  const end = Date.now() + (secondsMeasured * 3 + 20) * 1_000;
  const waiting = async () => {
    const { contacts: wakes } = await store.counts();
    return wakes.waiting + wakes.active + wakes.delayed;
  };
  while ((await waiting()) > 0 && Date.now() < end) await wait(200);
  const result = measure(await sandbox.requests(), Math.min(scenario.ceiling, scenario.allowed));
  await started.relay.stop(10_000);
  await sandbox.close();
  rmSync(dataDir, { recursive: true, force: true });
  return { ...result, perEvent: result.requests / (contacts * eventsPerContact) };
}

/** What one would write by hand: one job per event, the queue's limiter, a retry for everything that is not 200. */
async function drainWithPeer(redisUrl, scenario) {
  const sandbox = await startApi(scenario);
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const name = `peer${Date.now()}`;
  const queue = new Queue(name, { connection });
  const contacts = Math.ceil(
    (Math.min(scenario.ceiling, scenario.allowed) * secondsMeasured) / eventsPerContact,
  );
  const jobs = Array.from({ length: contacts * eventsPerContact }, (_, index) => ({
    name: "update",
    data: {
      contact: `id:${1 + (index % contacts)}`,
      patch: { firstName: `Name ${Math.floor(index / contacts)}` },
    },
    opts: { attempts: 20, backoff: { type: "exponential", delay: 500 } },
  }));
  await queue.addBulk(jobs);
  const forWorker = connection.duplicate();
  const worker = new Worker(
    name,
    async (job) => {
      const response = await fetch(`${sandbox.url}/contact/${job.data.contact}`, {
        method: "PUT",
        headers: { authorization: "Bearer bench", "content-type": "application/json" },
        body: JSON.stringify(job.data.patch),
      });
      await response.text();
      if (response.status !== 200) throw new Error(String(response.status));
    },
    {
      connection: forWorker,
      concurrency: 256,
      limiter: { max: scenario.ceiling, duration: 1_000 },
    },
  );
  worker.on("error", () => undefined);
  const end = Date.now() + (secondsMeasured * 3 + 20) * 1_000;
  while ((await queue.getJobCountByTypes("waiting", "active", "delayed")) > 0 && Date.now() < end) {
    await wait(200);
  }
  const result = measure(await sandbox.requests(), Math.min(scenario.ceiling, scenario.allowed));
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  forWorker.disconnect();
  connection.disconnect();
  await sandbox.close();
  return { ...result, perEvent: result.requests / jobs.length };
}

const cases = [
  { name: "10/s, API answers in 5 ms", ceiling: 10, allowed: 10, latencyMs: 5, limiter: "sliding-window" },
  { name: "10/s, API answers in 2 s", ceiling: 10, allowed: 10, latencyMs: 2_000, limiter: "fixed-window" },
  { name: "100/s, API answers in 5 ms", ceiling: 100, allowed: 100, latencyMs: 5, limiter: "fixed-window" },
  {
    name: "ceiling 20/s, API allows 10/s, fixed window",
    ceiling: 20,
    allowed: 10,
    latencyMs: 20,
    limiter: "fixed-window",
  },
  {
    name: "ceiling 20/s, API allows 10/s, sliding window",
    ceiling: 20,
    allowed: 10,
    latencyMs: 20,
    limiter: "sliding-window",
  },
  {
    name: "ceiling 20/s, API allows 10/s, token bucket",
    ceiling: 20,
    allowed: 10,
    latencyMs: 20,
    limiter: "token-bucket",
  },
];

const percent = (share) => `${(share * 100).toFixed(1)} %`;

export const drain = {
  name: "drain",
  title: "Drain: a backlog of three events per contact against an API with limits",
  columns: ["API", "", "used of the allowed", "most in any second", "answered 429", "requests per event"],
  async run({ targets: { redis }, say }) {
    const rows = [];
    for (const scenario of cases) {
      const add = (name, result) => {
        rows.push({ case: scenario.name, name, ...result });
        say(`${name}, ${scenario.name}: ${percent(result.use)}, ${percent(result.limited)} answered 429`);
      };
      add("relay, embedded", await drainWithRelay({}, scenario));
      if (!redis) continue;
      add("relay, Redis", await drainWithRelay({ REDIS_URL: redis.url }, scenario));
      add("Hono + BullMQ, by hand", await drainWithPeer(redis.url, scenario));
    }
    return rows;
  },
  cells: (row) => [
    row.case,
    row.name,
    percent(row.use),
    row.most,
    percent(row.limited),
    row.perEvent.toFixed(2),
  ],
};
