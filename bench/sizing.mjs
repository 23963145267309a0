// What the store needs: bytes per waiting event, per finished event that is kept, per event that is only remembered as
// seen, and per contact with its applied stamps; then what is left of many events when retention has done its work.
//
//   npm run bench:sizing [-- redis|postgres|embedded…]   BENCH_EVENTS=100000 by default, a tenth of it on the embedded store
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";
import { ulid } from "ulid";
import { makeStamp } from "../dist/contact/stamp.js";
import { postUpdates } from "../dist/delivery/map-event.js";
import { openEmbeddedStore } from "../dist/store/postgres/embedded.js";
import { openPostgresStore } from "../dist/store/postgres/server.js";
import { openRedisStore } from "../dist/store/redis/index.js";

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
  const events = store.startWorker(
    "events",
    async (job) => {
      const { id: eventId, receivedAt, attributes } = job.data;
      const update = {
        id: eventId,
        eventId,
        contact: attributes.contact,
        patch: patchOf(1),
        stamp: makeStamp(job.data),
      };
      const updates = [{ ...update, receivedAt }];
      await postUpdates(updates, store);
      return { outcome: "mapped", updates, warnings: [] };
    },
    { concurrency: 8 },
  );
  const contacts = store.startWorker(
    "contacts",
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
  return [events, contacts];
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

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

async function redisEngine() {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const port = await freePort();
  const place = ["--port", String(port), "--bind", "127.0.0.1", "--save", ""];
  const server = spawn("redis-server", place, { stdio: "ignore" });
  await wait(500);
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url);
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1]);
  return {
    place: async () => undefined,
    open: (options) => openRedisStore(url, options),
    bytes: used,
    entries: () => client.dbsize(),
    drop: async () => void (await client.flushall()),
    stop() {
      client.disconnect();
      server.kill();
    },
  };
}

async function postgresEngine() {
  const packaged = "/usr/lib/postgresql";
  const versions = existsSync(packaged) ? readdirSync(packaged).toSorted().toReversed() : [];
  const binaries = versions.map((version) => join(packaged, version, "bin"))[0];
  if (binaries === undefined) return undefined;
  const idOf = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const account = process.getuid() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};
  const directory = mkdtempSync(join(tmpdir(), "relay-sizing-"));
  if (account.uid !== undefined) chownSync(directory, account.uid, account.gid);
  const data = join(directory, "data");
  const initial = ["-D", data, "-U", "relay", "-A", "trust", "--locale=C.UTF-8", "--no-sync"];
  spawnSync(join(binaries, "initdb"), initial, { ...account, cwd: directory });
  const port = await freePort();
  const settings = ["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${directory}`];
  const server = spawn(join(binaries, "postgres"), ["-D", data, "-p", String(port), ...settings], {
    ...account,
    cwd: directory,
    stdio: "ignore",
  });
  const url = `postgres://relay@127.0.0.1:${port}/postgres`;
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  for (let tries = 0; tries < 50 && !(await pool.query("SELECT 1").catch(() => undefined)); tries += 1)
    await wait(200);
  const tables = async (prefix) => {
    const { rows } = await pool.query(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('bullmq', $1)`,
      [`relay_${prefix}`],
    );
    return rows.map(({ name }) => name);
  };
  return {
    place: async () => undefined,
    open: (options) => openPostgresStore(url, options),
    /** Compacted, unless it is to be as it is: with what is dead and not yet used again. */
    async bytes(prefix, _place, asItIs = false) {
      let bytes = 0;
      for (const table of await tables(prefix)) {
        if (!asItIs) await pool.query(`VACUUM FULL ${table}`);
        bytes += Number(
          (await pool.query(`SELECT pg_total_relation_size('${table}') AS bytes`)).rows[0].bytes,
        );
      }
      return bytes;
    },
    async entries(prefix) {
      let rows = 0;
      for (const table of await tables(prefix)) {
        rows += Number((await pool.query(`SELECT count(*) AS rows FROM ${table}`)).rows[0].rows);
      }
      return rows;
    },
    async drop(prefix) {
      await pool.query(`DROP SCHEMA "relay_${prefix}" CASCADE`);
      await pool.query("DROP SCHEMA bullmq CASCADE");
    },
    async stop() {
      await pool.end();
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGINT");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Tables, indexes and what is dead in them, without the write-ahead log, which has a size of its own. */
function bytesOfTables(directory) {
  let bytes = 0;
  for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if (/(?:^|\/)base\//.test(file)) bytes += statSync(join(directory, file)).size;
  }
  return bytes;
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
