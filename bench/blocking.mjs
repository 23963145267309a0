// How long one body of a megabyte holds up everything else: the longest synchronous stretch of taking it in (verify,
// parse, identify) and of mapping what came of it, for every provider; each in a thread of its own, where nothing is
// compiled yet. `first` is what the first such body takes, `best` the least of several. The measure is `JSON.parse` of an
// ordinary body of that size.
//
//   npm run bench:blocking [-- --all] [WORD…]   the providers and bodies whose names hold the words; --all: every one
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createIntake } from "../dist/intake/receive.js";
import { providers } from "../dist/providers/registry.js";
import { normalizeCoreField } from "../dist/contact/normalize.js";
import { providerSource } from "../dist/sources/builtin.js";
import { bodiesFor, comparable } from "./blocking-bodies.mjs";

const credential = "whsec_cmVsYXktYmVuY2gtY3JlZGVudGlhbC0w";
const publicUrl = "https://relay.example.com";
const rounds = 5;
const shownMax = 25;

/** Wall time or processor time, whichever is less: neither a busy machine nor a thread that only helps holds us up. */
function stopwatch() {
  const wall = performance.now();
  const processor = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(processor);
    return Math.min(performance.now() - wall, (user + system) / 1_000);
  };
}

async function measure(provider, { name, headers, body: makeBody }) {
  const body = makeBody();
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
  const takes = [];
  const maps = [];
  const natives = [];
  let outcome = "";
  for (let round = 0; round < rounds; round += 1) {
    const nativeStopped = stopwatch();
    JSON.parse(comparable);
    natives.push(nativeStopped());
    const accepted = [];
    const accept = (events) => {
      accepted.push(...events);
      return Promise.resolve(events.map(({ id }) => ({ id, duplicate: false })));
    };
    const intake = createIntake({ accept }, () => now);
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
  return {
    provider: provider.name,
    body: name,
    outcome,
    native: Math.min(...natives),
    takeFirst: takes[0],
    take: Math.min(...takes),
    mapFirst: maps[0],
    map: Math.min(...maps),
  };
}

async function measureAll({ name, words }) {
  const provider = providers.find((known) => known.name === name);
  // As a relay does before it listens.
  for (const field of ["countryCode", "language"]) normalizeCoreField(field, "nowhere");
  const results = [];
  for (const body of bodiesFor(provider)) {
    if (words.every((word) => name.includes(word) || body.name.includes(word)))
      results.push(await measure(provider, body));
  }
  return results;
}

function inThread(data) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: data });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

const longestOf = ({ take, map }) => Math.max(take, map);
const number = (value) => value.toFixed(1).padStart(9);

function print(results) {
  console.log(`${"".padEnd(69)}    take in             map`);
  console.log(`${"".padEnd(69)}first     best    first     best  best/JSON.parse`);
  for (const result of results) {
    const { provider, body, outcome, native, takeFirst, take, mapFirst, map } = result;
    const times = [takeFirst, take, mapFirst, map].map(number).join("");
    const ratio = (longestOf(result) / native).toFixed(1).padStart(9);
    console.log(`${provider.padEnd(18)}${body.padEnd(47)}${times}${ratio}        ${outcome}`);
  }
}

if (isMainThread) {
  const words = process.argv.slice(2).filter((word) => word !== "--all");
  const results = [];
  for (const { name } of providers) results.push(...(await inThread({ name, words })));
  results.sort((a, b) => longestOf(b) - longestOf(a));
  const native = Math.min(...results.map((result) => result.native));
  console.log(
    `JSON.parse of ${comparable.length} ordinary characters: ${native.toFixed(1)} ms. All in milliseconds.\n`,
  );
  if (process.argv.includes("--all")) print(results);
  else {
    print(results.slice(0, shownMax));
    console.log("\nThe longest of each provider:\n");
    print(providers.flatMap(({ name }) => results.find(({ provider }) => provider === name) ?? []));
  }
} else {
  const results = await measureAll(workerData);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort.postMessage(results);
}
