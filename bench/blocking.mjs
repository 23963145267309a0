// How long one body of a megabyte holds up everything else: the longest synchronous stretch of taking it in (verify,
// parse, identify) and of mapping what came of it, for every provider. Each body meets a fresh thread, so that nothing is
// compiled yet: that is the worst case. The measure is `JSON.parse` of an ordinary body of that size in the same thread.
//
//   npm run bench:blocking [-- --all] [WORD…]   the providers and bodies whose names hold the words; --all: every one
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createIntake } from "../dist/intake/receive.js";
import { providers } from "../dist/providers/registry.js";
import { providerSource } from "../dist/sources/builtin.js";
import { bodiesFor, comparable } from "./blocking-bodies.mjs";

const credential = "whsec_cmVsYXktYmVuY2gtY3JlZGVudGlhbC0w";
const publicUrl = "https://relay.example.com";
const rounds = 5;
const worthRepeatingMs = 15;

/** Wall time or processor time, whichever is less: neither a busy machine nor a thread that only helps holds us up. */
function stopwatch() {
  const wall = performance.now();
  const processor = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(processor);
    return Math.min(performance.now() - wall, (user + system) / 1_000);
  };
}

async function measure({ provider: providerName, body: bodyName }) {
  const provider = providers.find(({ name }) => name === providerName);
  const found = bodiesFor(provider).find(({ name }) => name === bodyName);
  const { headers } = found;
  const body = found.body();
  const source = providerSource(provider, credential, { publicUrl, verifyToken: credential });
  const now = Date.now();
  const target = `/webhooks/${provider.name}`;
  const signed = provider.sign({ headers, body }, credential, now, publicUrl + target);
  const request = {
    method: "POST",
    headers: signed.headers,
    query: signed.query,
    target,
    body,
    receivedAt: now,
  };

  const native = [];
  const takes = [];
  const maps = [];
  let outcome = "";
  for (let round = 0; round < rounds; round += 1) {
    const accepted = [];
    const intake = createIntake(
      {
        accept: (events) => (
          accepted.push(...events),
          Promise.resolve(events.map(({ id }) => ({ id, duplicate: false })))
        ),
      },
      () => now,
    );
    const nativeStopped = stopwatch();
    JSON.parse(comparable);
    native.push(nativeStopped());
    const takeStopped = stopwatch();
    const receiving = intake.receive(source, request);
    takes.push(takeStopped());
    const received = await receiving;
    outcome = received.kind === "received" ? `${accepted.length} accepted` : received.kind;
    let longest = 0;
    for (const event of accepted) {
      const mapStopped = stopwatch();
      const mapping = source.map(event);
      longest = Math.max(longest, mapStopped());
      await mapping;
    }
    maps.push(longest);
  }
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const [take = 0, ...takesLater] = takes;
  const [map = 0, ...mapsLater] = maps;
  return {
    provider: providerName,
    body: bodyName,
    outcome,
    native: median(native),
    take,
    map,
    takeWarm: median(takesLater),
    mapWarm: median(mapsLater),
  };
}

function inThread(provider, body) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { provider, body } });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

const cell = (text, width) => String(text).padStart(width);
const ms = (value) => cell(value.toFixed(1), 9);
const longestOf = (result) => Math.max(result.take, result.map);
const row = (result) =>
  console.log(
    `${result.provider.padEnd(18)}${result.body.padEnd(50)}${ms(result.take)}${ms(result.map)}${ms(result.takeWarm)}${ms(result.mapWarm)}` +
      `${cell((longestOf(result) / result.native).toFixed(1), 9)}  ${result.outcome}`,
  );
const heading = () => console.log(`${"".padEnd(68)}  take in      map     warm     warm  /native`);

if (isMainThread) {
  const words = process.argv.slice(2).filter((word) => word !== "--all");
  const results = [];
  for (const provider of providers) {
    for (const { name } of bodiesFor(provider)) {
      if (!words.every((word) => provider.name.includes(word) || name.includes(word))) continue;
      let best = await inThread(provider.name, name);
      // Whatever else the machine does only adds to it.
      for (let again = 0; again < 2 && longestOf(best) > worthRepeatingMs; again += 1) {
        const next = await inThread(provider.name, name);
        if (longestOf(next) < longestOf(best)) best = next;
      }
      results.push(best);
    }
  }
  results.sort((a, b) => longestOf(b) - longestOf(a));
  const native = results.map((result) => result.native).sort((a, b) => a - b)[Math.floor(results.length / 2)];
  console.log(
    `JSON.parse of ${comparable.length} ordinary characters: ${native?.toFixed(1)} ms. All in milliseconds.\n`,
  );
  heading();
  const shown = process.argv.includes("--all") ? results : results.slice(0, 25);
  for (const result of shown) row(result);
  if (!process.argv.includes("--all")) {
    console.log("\nThe longest of each provider:");
    heading();
    const seen = new Set();
    for (const result of results) {
      if (seen.has(result.provider)) continue;
      seen.add(result.provider);
      row(result);
    }
  }
} else {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread's port has no origin
  parentPort.postMessage(await measure(workerData));
}
