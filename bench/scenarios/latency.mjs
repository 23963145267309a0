import { setTimeout as wait } from "node:timers/promises";
import { percentile } from "../harness/figures.mjs";
import { startApi } from "../harness/processes.mjs";

const events = Number(process.env.BENCH_LATENCY ?? 100);

/** Milliseconds from sending each event to its arrival at the API. */
async function passages(running, load, api, job) {
  const { sentAt } = await load.run({ port: running.port, keepTimes: true, ...job });
  const last = Number(Object.keys(sentAt).at(-1));
  for (let tries = 0; tries < 200; tries += 1) {
    const { arrivedAt } = await api.arrivals();
    if (arrivedAt[last] !== undefined || tries === 199) {
      return Object.entries(sentAt).flatMap(([number, at]) =>
        arrivedAt[number] === undefined ? [] : [arrivedAt[number] - at],
      );
    }
    await wait(50);
  }
}

/** A single event from the sender to the API. */
export const latency = {
  name: "latency",
  title: "Latency: from sending an event to its arrival at the API, milliseconds",
  columns: ["", "idle p50", "idle p95", "half load, per second", "half load p50", "half load p95"],
  async run({ targets, load, results, say }) {
    const rows = [];
    for (const target of [targets.handWritten, ...targets.relays].filter(Boolean)) {
      const api = await startApi();
      const running = await target.start({ apiUrl: api.url });
      const warm = await load.run({ port: running.port, count: 1_000 });
      while ((await api.figures()).requests < warm.answered) await wait(100);
      const idle = await passages(running, load, api, {
        connections: 1,
        from: warm.next,
        count: events,
        perSecond: 8,
      });
      const full = results.through?.find((row) => row.name === target.name && row.contacts === "distinct");
      const perSecond = Math.round((full?.perSecond ?? 200) / 2);
      await wait(500);
      await api.reset();
      const busy = await passages(running, load, api, {
        connections: 16,
        from: warm.next + events,
        count: perSecond * 5,
        perSecond,
      });
      await running.stop();
      await api.stop();
      rows.push({
        name: target.name,
        idle: [percentile(idle, 0.5), percentile(idle, 0.95)],
        perSecond,
        busy: [percentile(busy, 0.5), percentile(busy, 0.95)],
      });
      say(`${target.name}: idle p95 ${rows.at(-1).idle[1].toFixed(1)} ms`);
    }
    return rows;
  },
  cells: (row) => [
    row.name,
    ...row.idle.map((value) => value.toFixed(1)),
    row.perSecond,
    ...row.busy.map((value) => value.toFixed(1)),
  ],
};
