import { setTimeout as wait } from "node:timers/promises";
import { memoryOf, startApi, startCpuMeter } from "../harness/processes.mjs";
import { inRounds } from "../harness/figures.mjs";

const events = Number(process.env.BENCH_THROUGH ?? 6_000);
const deadlineMs = 300_000;

/** Whether the API has got everything: by hand every event is a request, here the newest value of everybody counts. */
function isDone(figures, { first, count, perContact, isPeer }) {
  if (isPeer) return figures.requests >= count;
  let sum = 0;
  for (let number = first + perContact - 1; number < first + count; number += perContact) sum += number;
  return figures.contacts >= count / perContact && figures.sum === sum;
}

/** How long it takes, in milliseconds; undefined when it is not done in time. */
async function untilDone(api, load, port, orders) {
  const startedAt = performance.now();
  await load.run({ port, perContact: orders.perContact, from: orders.first, count: orders.count });
  while (performance.now() - startedAt < deadlineMs) {
    if (isDone(await api.figures(), orders)) return performance.now() - startedAt;
    await wait(20);
  }
  return undefined;
}

export async function once(target, load, perContact) {
  const api = await startApi();
  const running = await target.start({ apiUrl: api.url });
  const isPeer = target.engine === undefined;
  try {
    const warm = { first: 0, count: 1_000, perContact, isPeer };
    await untilDone(api, load, running.port, warm);
    await api.reset();
    const cpuMicrosOf = startCpuMeter(target, running);
    const wholeMs = await untilDone(api, load, running.port, { ...warm, first: 1_000_000, count: events });
    const cpuMicros = cpuMicrosOf(events);
    const { requests, behind } = await api.figures();
    const perSecond = wholeMs === undefined ? 0 : events / (wholeMs / 1_000);
    return { perSecond, requests, behind, cpuMicros, peakMb: memoryOf(running.pid)?.peak };
  } finally {
    await running.stop();
    await api.stop();
  }
}

/** From the event to the PUT that carries it, against an API without limits. */
export const through = {
  name: "through",
  title: `Through: ${events} events posted and delivered, per second; an API without limits, a ceiling of 10 000`,
  columns: [
    "contacts",
    "",
    "per second",
    "of the hand-written",
    "requests per event",
    "CPU µs per event",
    "its store's",
    "ends with old values",
    "peak MB",
  ],
  async run({ targets, load, say }) {
    const rows = [];
    for (const perContact of [1, 10]) {
      const all = [targets.handWritten, ...targets.relays];
      const measured = await inRounds(all, (target) => once(target, load, perContact), say);
      for (const { target, median, most, ratioTo } of measured) {
        rows.push({
          contacts: perContact === 1 ? "distinct" : "ten events each, in a row",
          name: target.name,
          perSecond: median((one) => one.perSecond),
          ofHandWritten: ratioTo(targets.handWritten),
          perEvent: median((one) => one.requests / events),
          cpuMicros: [0, 1].map((index) => median((one) => one.cpuMicros[index])),
          behind: most((one) => one.behind),
          peakMb: most((one) => one.peakMb),
        });
      }
    }
    return rows;
  },
  cells: (row) => [
    row.contacts,
    row.name,
    Math.round(row.perSecond),
    row.ofHandWritten?.toFixed(2),
    row.perEvent.toFixed(2),
    ...row.cpuMicros.map((micros) => Math.round(micros) || ""),
    row.behind,
    row.peakMb,
  ],
};
