import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fill } from "../harness/fill.mjs";
import { memoryOf, startApi } from "../harness/processes.mjs";
import { bytesOfTables } from "../harness/servers.mjs";

const deep = Number(process.env.BENCH_BACKLOG ?? 1_000_000);
/** Hardly a backlog, and enough to deliver as many as are measured. */
const shallow = 10_000;
const requestsMeasured = 5_000;

async function once(target, load, count) {
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-"));
  const bytesOf = () => target.server?.bytes({ asItIs: true }) ?? bytesOfTables(directory);
  await target.server?.empty();
  await fill(target, directory, { count: 1 });
  const before = await bytesOf();
  const filledAt = performance.now();
  await fill(target, directory, { count });
  const fillSeconds = (performance.now() - filledAt) / 1_000;
  const bytes = ((await bytesOf()) - before) / count;
  const api = await startApi();
  const options = { apiUrl: api.url, directory, keep: true };
  const role = target.engine === "embedded" ? "all" : "intake";
  const taking = await target.start({ ...options, role });
  const { readyMs } = taking;
  const more = await load.run({ port: taking.port, from: 20_000_000, seconds: 4 });
  await taking.stop();
  await api.reset();
  const delivering = await target.start(options);
  const end = performance.now() + 30_000;
  while ((await api.figures()).requests < requestsMeasured && performance.now() < end) await wait(50);
  const { arrivals } = await api.arrivals();
  const memory = memoryOf(delivering.pid);
  await delivering.kill();
  await api.stop();
  rmSync(directory, { recursive: true, force: true });
  // The first fifth is the start.
  const steady = arrivals.slice(Math.floor(arrivals.length / 5));
  const through = (steady.length - 1) / ((steady.at(-1) - steady[0]) / 1_000);
  return { bytes, through, intake: more.perSecond, peakMb: memory?.peak, readyMs, fillSeconds };
}

/** What events cost when very many wait. */
export const backlog = {
  name: "backlog",
  title: `Backlog: with ${deep} events of 1 KB waiting, against ${shallow}`,
  columns: [
    "",
    "bytes each",
    "delivered per second",
    "against few",
    "accepted per second",
    "against few",
    "ready after s",
    "peak MB",
  ],
  async run({ targets, load, say }) {
    const rows = [];
    for (const target of targets.relays) {
      const few = await once(target, load, shallow);
      say(`${target.name}, ${shallow}: ${few.through.toFixed(0)}/s out, ${few.intake.toFixed(0)}/s in`);
      const count = target.engine === "embedded" ? deep / 10 : deep;
      const many = await once(target, load, count);
      say(`${target.name}, ${count}: ${many.through.toFixed(0)}/s out, ${many.intake.toFixed(0)}/s in`);
      rows.push({ name: target.name, count, few, many });
    }
    return rows;
  },
  cells: ({ name, count, few, many }) => [
    count === deep ? name : `${name} (${count})`,
    Math.round(many.bytes),
    Math.round(many.through),
    (many.through / few.through).toFixed(2),
    Math.round(many.intake),
    (many.intake / few.intake).toFixed(2),
    (many.readyMs / 1_000).toFixed(1),
    many.peakMb,
  ],
};
