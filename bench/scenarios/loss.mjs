import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startApi } from "../harness/processes.mjs";

const seconds = Number(process.env.BENCH_LOSS_SECONDS ?? 4);
const patienceMs = 100_000;

async function once(target, load) {
  const api = await startApi({ delayMs: 5 });
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-"));
  const options = { apiUrl: api.url, directory };
  const first = await target.start(options);
  // Every order of a person of its own: what the API never saw is missing.
  const posting = load.run({ port: first.port, seconds: seconds * 2, keepNumbers: true });
  await wait(seconds * 1_000);
  await first.kill();
  const { accepted } = await posting;
  const second = await target.start({ ...options, keep: true });
  const missing = async () => {
    const holds = await api.holds();
    return accepted.filter((number) => holds.get(`email:person${number}@example.com`) !== number);
  };
  // What a killed process was at is taken up when its lease is over, or by the sweep that follows within a minute.
  const endAt = performance.now() + patienceMs;
  let lost = await missing();
  while (lost.length > 0 && performance.now() < endAt) {
    await wait(1_000);
    lost = await missing();
  }
  await second.stop();
  await api.stop();
  rmSync(directory, { recursive: true, force: true });
  return { name: target.name, accepted: accepted.length, missing: lost.length };
}

/** What was answered 200 and never reached the API, after `kill -9` in the middle and a start. */
export const loss = {
  name: "loss",
  title: "Loss: answered 200 and never seen by the API, after kill -9 under load and a new start",
  columns: ["", "answered 200", "missing"],
  async run({ targets, load, say }) {
    const rows = [];
    for (const target of [targets.nodeRed(), targets.handWritten, ...targets.relays].filter(Boolean)) {
      rows.push(await once(target, load));
      say(`${target.name}: ${rows.at(-1).missing} of ${rows.at(-1).accepted} missing`);
    }
    return rows;
  },
  cells: (row) => [row.name, row.accepted, row.missing],
};
