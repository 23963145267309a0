import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import pg from "pg";
import { openPostgresStore } from "../src/store/postgres/server.ts";
import type { Store, StoreOptions } from "../src/store/store.ts";
import { startPostgres } from "./helpers/postgres-server.ts";
import { until } from "./helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleOptions, sampleUpdate } from "./helpers/store-samples.ts";
import { storeContract, type OpenForTest } from "./store.contract.ts";

const server = await startPostgres();
const required = (process.env["REQUIRE_ENGINES"] ?? "").split(",").map((engine) => engine.trim());
if (!server) {
  const message = "postgres: skipped, no server found (set TEST_DATABASE_URL or install postgresql)";
  if (required.includes("postgres")) throw new Error(message);
  process.stderr.write(`${message}\n`);
}

const url = server?.url ?? "";
const pid = server?.pid;

afterAll(async () => {
  await server?.stop();
});

const open: OpenForTest = async (overrides) => {
  const options = sampleOptions(overrides);
  let store = await openPostgresStore(url, options);
  return {
    store,
    async reopen() {
      await store.close(5_000);
      store = await openPostgresStore(url, options);
      return store;
    },
    dispose: () => store.close(5_000),
  };
};

async function withStore(overrides: Partial<StoreOptions>, work: (store: Store) => Promise<void>) {
  const { store, dispose } = await open(overrides);
  try {
    await work(store);
  } finally {
    await dispose();
  }
}

/** Runs SQL beside the store, as the server's owner. */
async function asOwner(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

describe.skipIf(!server)("a PostgreSQL server", () => {
  storeContract("postgres", open);

  it("replicas that start at the same moment on an empty database all come up", async () => {
    const options = sampleOptions();
    await asOwner(`DROP SCHEMA IF EXISTS bullmq CASCADE`);
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore(url, options)));
    try {
      const [first] = stores;
      const event = sampleEvent();
      await first?.events.accept([event]);
      for (const store of stores) expect((await store.events.find(event.id))?.event).toEqual(event);
    } finally {
      await Promise.all(stores.map((store) => store.close(5_000)));
    }
  });

  it("a server that cannot be reached is an error at the start, soon", async () => {
    const startedAt = performance.now();
    await expect(openPostgresStore("postgres://relay@127.0.0.1:1/none", sampleOptions())).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  });

  it("an error in the middle of a batch leaves nothing of it", async () => {
    await withStore({}, async (store) => {
      const [first, bad, last] = [sampleEvent(), sampleEvent(), sampleEvent()];
      await asOwner(`
        CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.id = '${bad.id}' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON bullmq.job FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
      try {
        await expect(store.events.accept([first, bad, last])).rejects.toThrow("refused");
        for (const { id } of [first, bad, last]) expect(await store.events.find(id)).toBeUndefined();
      } finally {
        await asOwner(`DROP TRIGGER refuse ON bullmq.job; DROP FUNCTION public.refuse()`);
      }
      expect(await store.events.accept([first, bad, last])).toEqual(
        [first, bad, last].map(({ id }) => ({ id, duplicate: false })),
      );
    });
  });

  it("connections cut by the server are replaced, and workers go on", async () => {
    const errors: string[] = [];
    await withStore({ onError: (error) => errors.push(error.message) }, async (store) => {
      const done: string[] = [];
      const worker = store.startWorker<{ contact: string }, void>(
        "contacts",
        async (job) => {
          done.push(job.data.contact);
        },
        { concurrency: 2 },
      );
      try {
        const [before, after] = [sampleContact(), sampleContact()];
        await store.wake(before);
        await until(() => done.includes(before), 10_000, "the first run");
        await asOwner(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE pid <> pg_backend_pid() AND datname = current_database()`);
        await until(
          () =>
            store.wake(after).then(
              () => true,
              () => false,
            ),
          10_000,
          "the store to be back",
        );
        await until(() => done.includes(after), 10_000, "the second run");
      } finally {
        await worker.close();
      }
      expect(errors.length).toBeGreaterThan(0);
    });
  });

  describe.skipIf(pid === undefined)("that is frozen", () => {
    it("is reported in time, refuses in time, and is let go in time", async () => {
      const { store, dispose } = await open();
      await store.events.accept([sampleEvent()]);
      const worker = store.startWorker("contacts", async () => undefined, { concurrency: 2 });
      const contact = sampleContact();
      const family = processFamily(pid ?? 0);
      for (const member of family) process.kill(member, "SIGSTOP");
      try {
        const startedAt = performance.now();
        expect(await store.health(300)).toMatchObject({ ok: false });
        expect(performance.now() - startedAt).toBeLessThan(1_000);
        const outcomes = await Promise.allSettled([
          store.events.accept([sampleEvent()]),
          store.mailbox.post([sampleUpdate(contact)]),
          store.pacer.take(),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "rejected"]);
        expect(performance.now() - startedAt).toBeLessThan(15_000);
        const closingAt = performance.now();
        await store.close(1_000);
        expect(performance.now() - closingAt).toBeLessThan(2_000);
      } finally {
        for (const member of family) process.kill(member, "SIGCONT");
        await worker.close();
        await dispose();
      }
    });
  });
});

/** The server and its children, which handle one connection each. */
function processFamily(parent: number): number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8");
  return [parent, ...children.split(" ").filter(Boolean).map(Number)];
}
