import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { takeSeat } from "../harness/console.mjs";
import { median, percentile } from "../harness/figures.mjs";
import { fillPast } from "../harness/past.mjs";
import { startApi, startCpuMeter } from "../harness/processes.mjs";

const events = Number(process.env.BENCH_CONSOLE_EVENTS ?? 100_000);
const parked = Number(process.env.BENCH_CONSOLE_PARKED ?? 1_000);
const requests = 30;
const pairs = Number(process.env.BENCH_ROUNDS ?? 3) * 2;
const idleSeconds = 12;
const seconds = Number(process.env.BENCH_SECONDS ?? 6);

const pagesOf = ({ event, contact, parked: item }) => ({
  Overview: "",
  Events: "/events",
  "Events of a source and type": "/events?q=source%3Ashopify+type%3Aorders%2Fcreate",
  "Events of a pattern, failed": "/events?q=state%3Afailed+type%3Aorders%2F*",
  Event: `/events/${event}`,
  "Replay of an event": `/events/${event}/replay`,
  Contact: `/contacts/${encodeURIComponent(contact)}`,
  Parked: "/parked",
  "A parked item": `/parked/${encodeURIComponent(item)}`,
  Replays: "/replays",
  Sources: "/sources",
  Source: "/sources/shopify",
  Playground: `/playground?event=${event}`,
  System: "/system",
  Reference: "/reference",
  Runbook: "/runbook",
});

/** Milliseconds of a processor that a page takes, of the relay and of its store's server: a busy machine changes it little. */
async function costOfPages(target, running, seat, pages) {
  const costs = new Map();
  for (const [name, path] of Object.entries(pages)) {
    const cpuMicrosOf = startCpuMeter(target, running);
    for (let round = 0; round < requests; round += 1) await seat.ask(`/console${path}`);
    costs.set(
      name,
      cpuMicrosOf(requests).map((micros) => micros / 1_000),
    );
  }
  return costs;
}

/** Page by page in turn, so that a slow second of the machine is everybody's. */
async function firstBytes(target, running, seat, pages) {
  const took = new Map(Object.keys(pages).map((name) => [name, []]));
  for (let round = -2; round < requests; round += 1) {
    for (const [name, path] of Object.entries(pages)) {
      const { status, firstMs, bytes } = await seat.ask(`/console${path}`);
      if (status !== 200) throw new Error(`${path} was answered ${status}`);
      if (round >= 0) took.get(name).push({ firstMs, bytes });
    }
  }
  const cost = await costOfPages(target, running, seat, pages);
  return [...took].map(([page, each]) => ({
    page,
    cpuMs: cost.get(page),
    fastest: Math.min(...each.map(({ firstMs }) => firstMs)),
    ms: median(each.map(({ firstMs }) => firstMs)),
    p95: percentile(
      each.map(({ firstMs }) => firstMs),
      0.95,
    ),
    kb: each[0].bytes / 1_000,
  }));
}

/** Milliseconds of a processor that the tabs take in a second while nothing else happens: of the relay, of its store. */
async function costOfTabs(target, running, seat) {
  const measured = [];
  for (const isOpen of [false, true]) {
    const cpuMicrosOf = startCpuMeter(target, running);
    const stop = isOpen ? seat.watch() : async () => undefined;
    await wait(idleSeconds * 1_000);
    const micros = cpuMicrosOf(idleSeconds);
    await stop();
    measured.push(micros.map((one) => one / 1_000));
  }
  const [without, open] = measured;
  return open.map((ms, index) => Math.max(0, ms - without[index]));
}

/** Intake with nobody at the console, and with two tabs open, by turns. */
async function costOf(target, running, seat, load) {
  let from = 30_000_000;
  const once = async () => {
    const cpuMicrosOf = startCpuMeter(target, running);
    const result = await load.run({ port: running.port, from, seconds });
    from = result.next;
    return { perSecond: result.perSecond, micros: cpuMicrosOf(result.answered)[0] };
  };
  await once();
  const tabs = await costOfTabs(target, running, seat);
  const [alone, watched] = [[], []];
  let asked = 0;
  for (let pair = 0; pair < pairs; pair += 1) {
    const open = async () => {
      const stop = seat.watch();
      watched.push(await once());
      const counts = await stop();
      if (counts.failed > 0) throw new Error("the console was refused an answer");
      asked += counts.asked;
    };
    if (pair % 2 === 0) alone.push(await once());
    await open();
    if (pair % 2 === 1) alone.push(await once());
  }
  const of = (figure) => median(alone.map((one, index) => figure(watched[index]) / figure(one)));
  return {
    alone: median(alone.map(({ perSecond }) => perSecond)),
    watched: median(watched.map(({ perSecond }) => perSecond)),
    ratio: of(({ perSecond }) => perSecond),
    cpuRatio: of(({ micros }) => micros),
    tabs,
    askedPerSecond: asked / (pairs * seconds),
  };
}

async function measure(target, load, say) {
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-"));
  const api = await startApi();
  try {
    await target.server?.empty();
    const found = await fillPast(target, directory, { events, parked });
    say(`${target.name}: ${events} events, ${parked} parked are in`);
    const options = { apiUrl: api.url, directory, keep: true };
    const serving = await target.start(options);
    const seat = await takeSeat(serving.port);
    const rows = await firstBytes(target, serving, seat, pagesOf(found));
    for (const { page, ms } of rows) say(`${target.name}, ${page}: ${ms.toFixed(1)} ms`);
    seat.close();
    await serving.stop();
    const taking = await target.start({ ...options, role: target.engine === "embedded" ? "all" : "intake" });
    const watching = await takeSeat(taking.port);
    const cost = await costOf(target, taking, watching, load);
    watching.close();
    await taking.kill();
    say(`${target.name}: intake with the console open ${cost.ratio.toFixed(3)} of without`);
    return [rows, cost];
  } finally {
    await api.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** How soon a page comes, and what two open tabs cost those who send. */
export const consolePages = {
  name: "console",
  title: `Console: ${events} events and ${parked} parked; the first byte of each page, median of ${requests}; intake while two tabs are open`,
  columns: [
    "",
    "page",
    "first byte ms",
    "fastest",
    "p95",
    "CPU ms",
    "its store's",
    "KB",
    "load of the machine",
  ],
  async run({ targets, load, say }) {
    const only = process.env.BENCH_CONSOLE_ENGINES?.split(",");
    const rows = [];
    for (const target of targets.relays.filter(({ engine }) => only?.includes(engine) ?? true)) {
      const before = loadavg()[0];
      const [pages, cost] = await measure(target, load, say);
      rows.push(...pages.map((page) => ({ name: target.name, load: before, ...page })));
      rows.push({ name: target.name, load: before, cost });
    }
    return rows;
  },
  cells: ({ name, load, page, ms, fastest, p95, cpuMs, kb, cost }) =>
    cost
      ? [
          name,
          `intake with two tabs: ${Math.round(cost.watched)} of ${Math.round(cost.alone)} per second, ${((1 - cost.ratio) * 100).toFixed(1)} % less; CPU per event × ${cost.cpuRatio.toFixed(3)}; ${cost.askedPerSecond.toFixed(1)} questions a second, which take ${cost.tabs[0].toFixed(0)} ms of a processor each second, of the store's server ${cost.tabs[1].toFixed(0)} ms`,
          ...Array.from({ length: 6 }, () => ""),
          load.toFixed(1),
        ]
      : [name, page, ...[ms, fastest, p95, ...cpuMs, kb, load].map((one) => one.toFixed(1))],
};
