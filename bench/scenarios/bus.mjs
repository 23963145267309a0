import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { startBuses } from "../harness/buses.mjs";
import { inRounds } from "../harness/figures.mjs";
import { memoryOf } from "../harness/processes.mjs";

const messages = Number(process.env.BENCH_BUS ?? 20_000);
const reader = fileURLToPath(new URL("../peers/bus-reader.mjs", import.meta.url));

async function readByFloor(bus) {
  const child = fork(reader, [], { env: { ...process.env, ...bus.peer(), COUNT: String(messages) } });
  const { ms } = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the reader ended with ${code}`)));
  });
  return { perSecond: messages / (ms / 1_000) };
}

async function storedOf({ port }) {
  const headers = { authorization: "Bearer bench-admin-token" };
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text();
  return Number(/^relay_bus_messages_total\{source="bus",outcome="stored"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

/** From the first message that is stored to the last one. */
async function readByRelay(bus, target) {
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-bus-"));
  const file = join(directory, "sources.yaml");
  writeFileSync(file, `sources:\n  bus: { provider: cloudevents, consume: ${bus.consume()} }\n`);
  const running = await target.start({ role: "intake", directory, sourcesFile: file });
  try {
    let first;
    for (;;) {
      const stored = await storedOf(running);
      const at = performance.now();
      if (stored > 0) first ??= { stored, at };
      if (stored >= messages) {
        const perSecond = (stored - first.stored) / ((at - first.at) / 1_000);
        return { perSecond, peakMb: memoryOf(running.pid)?.peak };
      }
      await wait(10);
    }
  } finally {
    await running.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** How fast a backlog of a broker is pulled, stored durably and acknowledged. */
export const bus = {
  name: "bus",
  title: `Bus: a backlog of ${messages} messages of 1 KB, pulled, stored on Redis and acknowledged, per second`,
  columns: ["", "", "per second", "of the floor", "peak MB"],
  async run({ targets, say }) {
    const relay = targets.relays.find(({ engine }) => engine === "Redis");
    if (!relay) return [];
    const buses = await startBuses();
    const rows = [];
    try {
      for (const one of buses) {
        const floor = { name: "floor: read and acknowledged", read: () => readByFloor(one) };
        const own = { name: relay.name, read: () => readByRelay(one, relay) };
        const once = async ({ read }) => {
          await one.fill(messages);
          const result = await read();
          await one.empty();
          return result;
        };
        for (const { target, median, most, ratioTo } of await inRounds([floor, own], once, say)) {
          rows.push({
            bus: one.name,
            name: target.name,
            perSecond: median((result) => result.perSecond),
            ofFloor: ratioTo(floor),
            peakMb: most((result) => result.peakMb),
          });
        }
      }
    } finally {
      for (const one of buses) await one.stop();
    }
    return rows;
  },
  cells: (row) => [row.bus, row.name, Math.round(row.perSecond), row.ofFloor?.toFixed(2), row.peakMb || ""],
};
