import { memoryOf, startCpuMeter } from "../harness/processes.mjs";
import { inRounds } from "../harness/figures.mjs";

const seconds = Number(process.env.BENCH_SECONDS ?? 5);
async function once(target, load, bytes) {
  const running = await target.start({ role: target.engine === "embedded" ? "all" : "intake" });
  const { port, pid } = running;
  // What is sent first is what is slow: everybody gets the same time to warm up.
  const warm = await load.run({ port, bytes, seconds: 2 });
  const cpuMicrosOf = startCpuMeter(target, running);
  const result = await load.run({ port, bytes, from: warm.next, seconds });
  const cpuMicros = cpuMicrosOf(result.answered);
  const memory = memoryOf(pid);
  await running.stop();
  return {
    cpuMicros,
    perSecond: result.perSecond,
    p99: result.p99,
    refused: result.other,
    peakMb: memory?.peak,
  };
}

/** How many signed orders are durably accepted in a second, over 32 connections. */
export const intake = {
  name: "intake",
  title: "Intake: signed orders accepted per second, 32 connections",
  columns: [
    "orders of",
    "",
    "per second",
    "of the floor",
    "of the hand-written",
    "p99 ms",
    "CPU µs per event",
    "its store's",
    "peak MB",
  ],
  async run({ targets, load, say }) {
    const rows = [];
    for (const bytes of [1_000, 8_000]) {
      const nodeRed = bytes === 1_000 && targets.nodeRed();
      const all = [targets.floor, targets.handWritten, ...targets.relays, nodeRed];
      const measured = await inRounds(all, (target) => once(target, load, bytes), say);
      for (const { target, median, most, ratioTo } of measured) {
        rows.push({
          of: `${bytes / 1_000} KB`,
          name: target.name,
          perSecond: median((one) => one.perSecond),
          ofFloor: ratioTo(targets.floor),
          ofHandWritten: ratioTo(targets.handWritten),
          p99: median((one) => one.p99),
          cpuMicros: [0, 1].map((index) => median((one) => one.cpuMicros[index])),
          peakMb: most((one) => one.peakMb),
        });
      }
    }
    return rows;
  },
  cells: (row) => [
    row.of,
    row.name,
    Math.round(row.perSecond),
    row.ofFloor?.toFixed(2),
    row.ofHandWritten?.toFixed(2),
    row.p99.toFixed(1),
    ...row.cpuMicros.map((micros) => Math.round(micros) || ""),
    row.peakMb,
  ],
};
