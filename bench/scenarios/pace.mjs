import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Queue } from "bullmq";
import { mostInOneSecond } from "../harness/figures.mjs";
import { fill } from "../harness/fill.mjs";
import { orderBody } from "../harness/orders.mjs";
import { memoryOf, startApi } from "../harness/processes.mjs";

const seconds = Number(process.env.BENCH_PACE_SECONDS ?? 8);
const ceilings = [10, 50, 100, 1_000];

async function fillPeer(redis, count) {
  const connection = redis.client.duplicate({ maxRetriesPerRequest: null });
  const queue = new Queue("orders", { connection });
  const jobs = Array.from({ length: count }, (_, number) => ({
    name: "order",
    data: JSON.parse(orderBody(number)),
    opts: { attempts: 20 },
  }));
  await queue.addBulk(jobs);
  await queue.close();
  connection.disconnect();
}

async function once(target, redis, ceiling) {
  const count = ceiling * seconds;
  const api = await startApi({ delayMs: 5 });
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-"));
  await (target.server ?? redis)?.empty();
  if (target.engine) await fill(target, directory, { count });
  else await fillPeer(redis, count);
  const running = await target.start({ apiUrl: api.url, ceiling, directory, keep: true });
  const end = performance.now() + (seconds * 4 + 20) * 1_000;
  while ((await api.figures()).requests < count && performance.now() < end) await wait(100);
  const { arrivals } = await api.arrivals();
  const peakMb = memoryOf(running.pid)?.peak;
  await running.stop();
  await api.stop();
  rmSync(directory, { recursive: true, force: true });
  const times = arrivals.toSorted((a, b) => a - b);
  // From the first request on: the start is part of it.
  const use = (times.length - 1) / (((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000) / ceiling;
  return {
    name: target.name,
    ceiling,
    use,
    most: mostInOneSecond(times),
    requests: times.length,
    count,
    peakMb,
  };
}

/** How a backlog uses the ceiling, from its first request to its last. */
export const pace = {
  name: "pace",
  title: "Pace: how a waiting backlog uses the ceiling, from the first request on",
  columns: ["ceiling per second", "", "used", "most in any second", "requests", "peak MB"],
  async run({ targets, say }) {
    const rows = [];
    for (const ceiling of ceilings) {
      for (const target of [targets.handWritten, ...targets.relays].filter(Boolean)) {
        rows.push(await once(target, targets.redis, ceiling));
        const { name, use, most } = rows.at(-1);
        say(`${name}, ${ceiling}/s: ${(use * 100).toFixed(1)} %, most ${most}`);
      }
    }
    return rows;
  },
  cells: (row) => [
    row.ceiling,
    row.name,
    `${(row.use * 100).toFixed(1)} %`,
    row.most,
    `${row.requests} of ${row.count}`,
    row.peakMb,
  ],
};
