import pg from "pg";
import { describe, expect, it } from "vitest";
import { signalFamily, startPostgres } from "../helpers/postgres-server.ts";
import { until } from "../helpers/relay-process.ts";
import { outages } from "./outages.ts";
import { relayUnderTest, type HarmedServer } from "./relay-under-test.ts";

const connectionsMax = 30;
const postgres = await startPostgres({ settings: [`max_connections=${connectionsMax}`] });
const required = (process.env["REQUIRE_ENGINES"] ?? "").split(",").map((engine) => engine.trim());
if (!postgres) {
  const message = "postgres: skipped, no server found";
  if (required.includes("postgres")) throw new Error(message);
  process.stderr.write(`${message}\n`);
}

/** A server that was only named is not ours to harm. */
const own = postgres?.pid === undefined ? undefined : postgres;
let dead = false;
const server: HarmedServer | undefined = own && {
  settings: { DATABASE_URL: own.url },
  kill: async () => {
    dead = true;
    await own.kill();
  },
  start: async () => {
    if (dead) await own.start();
    dead = false;
  },
  freeze: () => signalFamily(own.pid ?? 0, "SIGSTOP"),
  thaw: () => signalFamily(own.pid ?? 0, "SIGCONT"),
  stop: () => own.stop(),
};
const relays = relayUnderTest(server);

outages("PostgreSQL", server, relays);

describe.skipIf(server === undefined)("PostgreSQL in trouble", () => {
  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: own?.url ?? "" });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  const relayBackends = (alive: string) =>
    `SELECT ${alive} FROM pg_stat_activity WHERE application_name = 'contact-relay'`;

  it(
    "with no connection left: refused in time, and at work again when there are some",
    { timeout: 180_000 },
    async () => {
      const relay = await relays.start();
      await relays.delivered((await relays.order(relay)).email);
      const held: pg.Client[] = [];
      try {
        for (let tries = 0; tries < 3 * connectionsMax; tries += 1) {
          await held[0]?.query(relayBackends("pg_terminate_backend(pid)"));
          const more = await connect().catch(() => undefined);
          if (more) held.push(more);
          else if (held.length >= connectionsMax) break;
        }
        await held[0]?.query(relayBackends("pg_terminate_backend(pid)"));
        await until(async () => (await relays.order(relay)).status === 503, 30_000, "a refusal");
        const refused = await relays.order(relay);
        expect(refused.tookMs).toBeLessThan(6_000);
      } finally {
        for (const client of held) await client.end();
      }
      await relays.ready(relay);
      const after = await relays.order(relay);
      expect(after.status).toBe(200);
      await relays.delivered(after.email);
    },
  );

  it(
    "read-only after a failover: refused, and at work again over new connections",
    { timeout: 180_000 },
    async () => {
      const relay = await relays.start();
      await relays.delivered((await relays.order(relay)).email);
      const owner = await connect();
      try {
        await owner.query("ALTER SYSTEM SET default_transaction_read_only = on");
        await owner.query("SELECT pg_reload_conf()");
        await until(async () => (await relays.order(relay)).status === 503, 30_000, "a refusal");
        await owner.query("SET default_transaction_read_only = off");
        await owner.query("ALTER SYSTEM RESET default_transaction_read_only");
        await owner.query("SELECT pg_reload_conf()");
      } finally {
        await owner.end();
      }
      await until(async () => (await relays.order(relay)).status === 200, 60_000, "an event to be taken");
      const after = await relays.order(relay);
      await relays.delivered(after.email);
    },
  );
});
