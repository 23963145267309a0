// What the store needs: bytes per waiting event, per finished event that is kept, per event that is only remembered as
// seen, and per contact with its applied stamps; then what is left of many events when retention has done its work.
//
//   npm run bench:sizing [-- redis|postgres|embedded…]   BENCH_EVENTS=100000 by default, a tenth of it on the embedded store
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ulid } from "ulid";
import { makeStamp } from "../dist/contact/stamp.js";
import { openEmbeddedStore } from "../dist/store/postgres/embedded.js";
import { openPostgresStore } from "../dist/store/postgres/server.js";
import { openRedisStore } from "../dist/store/redis/index.js";
import { bytesOfTables, startPostgres, startRedis } from "./harness/servers.mjs";

const events = Number(process.env.BENCH_EVENTS ?? 100_000);
const hourMs = 3_600_000;
/** Of an order: about 1 KB. */
const filler = "An order line with its title, vendor, price and tax, as shops send them. ".repeat(11);

function sampleEvent(index, contacts) {
  const id = `evt_${ulid()}`;
  const contact = `email:person${index % contacts}@example.com`;
  const payload = JSON.stringify({ email: contact.slice(6), order: index, note: filler });
  const now = Date.now();
  return {
    id,
    source: "shop",
    provider: "shopify",
    identity: id.padEnd(64, "0"),
    type: "orders/create",
    attributes: { shop: "example.myshopify.com", contact },
    occurredAt: now,
    receivedAt: now,
    replay: 0,
    payload,
  };
}

const patchOf = (index) => ({
  firstName: "Ada",
  lastName: "Lovelace",
  phone: "+60123456789",
  language: "en",
  "custom_fields.Last order": `#${index}`,
});

/** The relay's work without an API: every event is an update of five fields of a contact, and is delivered. */
function startWorkers(store) {
  const mapper = startMapper(store);
  const contacts = store.startWorker(
    async (job) => {
      const { waiting } = await store.mailbox.read(job.data.contact);
      const newest = waiting.at(-1);
      if (!newest) return;
      const fields = Object.keys(newest.patch);
      const { stamp, eventId } = newest;
      await store.mailbox.settle(job.data.contact, {
        done: waiting.map(({ id }) => id),
        applied: Object.fromEntries(fields.map((field) => [field, { stamp, eventId }])),
        note: { at: Date.now(), outcome: "delivered", status: 200, fields, eventIds: [eventId] },
      });
    },
    { concurrency: 8 },
  );
  return [mapper, contacts];
}

function startMapper(store) {
  const stopping = new AbortController();
  async function run() {
    while (!stopping.signal.aborted) {
      const claimed = await store.events.claim(200);
      const conclusions = claimed.map((one) => ({
        kind: "completed",
        claimed: one,
        result: mapped(one.event),
      }));
      await store.wakeAll(await store.events.conclude(conclusions));
      if (claimed.length === 0) await store.events.arrival();
    }
  }
  const running = run();
  return {
    async close() {
      stopping.abort();
      await running;
    },
  };
}

function mapped(event) {
  const { id: eventId, receivedAt, attributes } = event;
  const { contact } = attributes;
  const update = { id: eventId, eventId, contact, patch: patchOf(1), stamp: makeStamp(event), receivedAt };
  return { outcome: "mapped", updates: [update], warnings: [] };
}

async function accept(store, count, contacts) {
  for (let at = 0; at < count; at += 200) {
    const size = Math.min(200, count - at);
    await store.events.accept(Array.from({ length: size }, (_, index) => sampleEvent(at + index, contacts)));
  }
}

async function untilDelivered(store) {
  for (;;) {
    const queues = Object.values(await store.counts());
    if (queues.every(({ waiting, active, delayed }) => waiting + active + delayed === 0)) return;
    await wait(100);
  }
}

/** Bytes that `count` events leave behind: waiting, or worked off by workers with this retention. */
async function bytesOf(engine, { count, contacts, retentionEvents, work, retentionMs = 168 * hourMs }) {
  const options = {
    prefix: `size${Date.now()}`,
    ceiling: 10,
    retentionMs,
    retentionEvents,
    onError: () => undefined,
  };
  const place = await engine.place();
  const store = await engine.open(options, place);
  await accept(store, 20, 1);
  const warmUp = work ? startWorkers(store) : [];
  if (work) await untilDelivered(store);
  const before = await engine.bytes(options.prefix, place);
  await accept(store, count, contacts);
  if (work) await untilDelivered(store);
  await Promise.all(warmUp.map((worker) => worker.close()));
  const after = await engine.bytes(options.prefix, place);
  await store.close(10_000);
  await engine.drop(options.prefix, place);
  return after - before;
}

async function sizes(engine, count) {
  const all = 100_000_000;
  const per = (bytes) => Math.max(0, Math.round(bytes / count));
  const waiting = per(await bytesOf(engine, { count, contacts: count, retentionEvents: all, work: false }));
  const kept = per(await bytesOf(engine, { count, contacts: count, retentionEvents: all, work: true }));
  const forgotten = per(await bytesOf(engine, { count, contacts: count, retentionEvents: 0, work: true }));
  const seen = per(await bytesOf(engine, { count, contacts: 20, retentionEvents: 0, work: true }));
  return { waiting, finished: kept - forgotten, seen, contact: forgotten - seen };
}

/** Many events, of which little is kept: what is held while they come, and afterwards. */
async function growth(engine, count) {
  const retention = { retentionMs: 20_000, retentionEvents: 1_000 };
  const options = { prefix: `grow${Date.now()}`, ceiling: 10, ...retention, onError: () => undefined };
  const place = await engine.place();
  const store = await engine.open(options, place);
  const workers = startWorkers(store);
  const empty = await engine.bytes(options.prefix, place);
  const startedAt = performance.now();
  let most = 0;
  for (let done = 0; done < count; done += 5_000) {
    await accept(store, Math.min(5_000, count - done), 2_000);
    await untilDelivered(store);
    most = Math.max(most, await engine.bytes(options.prefix, place, true));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const end = Date.now() + 5 * retention.retentionMs;
  while (Date.now() < end) {
    await accept(store, 10, 1);
    await store.mailbox.overdue(Date.now() - 60_000, 10);
    await wait(1_000);
  }
  await untilDelivered(store);
  const after = await engine.bytes(options.prefix, place);
  const entries = await engine.entries?.(options.prefix, place);
  await Promise.all(workers.map((worker) => worker.close()));
  await store.close(10_000);
  await engine.drop(options.prefix, place);
  return { seconds, most: most - empty, after: after - empty, entries };
}

async function redisEngine() {
  const server = await startRedis({ appendOnly: false });
  return (
    server && {
      place: async () => undefined,
      open: (options) => openRedisStore(server.url, options),
      bytes: server.bytes,
      entries: () => server.client.dbsize(),
      drop: server.empty,
      stop: server.stop,
    }
  );
}

async function postgresEngine() {
  const server = await startPostgres();
  return (
    server && {
      place: async () => undefined,
      open: (options) => openPostgresStore(server.url, options),
      bytes: (_prefix, _place, asItIs = false) => server.bytes({ asItIs }),
      entries: server.rows,
      drop: server.empty,
      stop: server.stop,
    }
  );
}

const embeddedEngine = async () => ({
  place: async () => mkdtempSync(join(tmpdir(), "relay-sizing-")),
  async open(options, directory) {
    const opened = await openEmbeddedStore(join(directory, "data"), options);
    if (!opened.ok) throw new Error(opened.message);
    return opened.store;
  },
  bytes: async (_prefix, directory) => bytesOfTables(directory),
  drop: async (_prefix, directory) => rmSync(directory, { recursive: true, force: true }),
  stop: () => undefined,
});

const engines = { redis: redisEngine, postgres: postgresEngine, embedded: embeddedEngine };
const named = process.argv.slice(2).filter((word) => word in engines);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
for (const name of named.length > 0 ? named : Object.keys(engines)) {
  const engine = await engines[name]();
  if (!engine) {
    console.log(`${name}: skipped, no server found`);
    continue;
  }
  const count = name === "embedded" ? Math.ceil(events / 10) : events;
  const { waiting, finished, seen, contact } = await sizes(engine, Math.min(count, 10_000));
  console.log(`${name}, bytes, events of 1 KB, five fields per contact`);
  console.log(`  per waiting event                       ${waiting}`);
  console.log(`  per finished event that is kept         ${finished}`);
  console.log(`  per event remembered as seen            ${seen}`);
  console.log(`  per contact with its applied stamps     ${contact}`);
  const grown = await growth(engine, count);
  const rest = grown.entries === undefined ? "" : `, ${grown.entries} keys or rows`;
  console.log(
    `  ${count} events in ${grown.seconds.toFixed(0)} s, 1000 kept: ${megabytes(grown.most)} at most`,
  );
  console.log(`  when retention was over: ${megabytes(grown.after)}${rest}`);
  await engine.stop();
}
