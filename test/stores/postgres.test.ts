import { afterAll, describe, expect, it } from "vitest";
import pg from "pg";
import { openPostgresStore } from "../../src/store/postgres/server.ts";
import type { Store, StoreOptions } from "../../src/store/store.ts";
import { signalFamily, startPostgres } from "../helpers/postgres-server.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleOptions, sampleUpdate } from "../helpers/store-samples.ts";
import { expectAgreement, failEvent, park, piece } from "../store-contract/groups.ts";
import { storeContract, type OpenForTest } from "./contract.ts";
import { ignored, startEventWorker } from "../store-contract/suite.ts";

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
async function asOwner(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Undoes what was added after the sixth version. */
function withoutNewer(prefix: string): string {
  const parked = ["parked_piece", "parked_group", "parked_built"];
  const tables = [
    "replay",
    "mailbox_history",
    "numbers",
    "audit",
    "signed_out",
    "notices",
    "mailbox_awaited",
    "mailbox_person",
    "replica",
    ...parked,
  ];
  return `
    DROP TABLE ${tables.map((table) => `relay_${prefix}.${table}`).join(", ")};
    ALTER TABLE relay_${prefix}.event_state DROP COLUMN parked_group;
    ALTER TABLE relay_${prefix}.mailbox_update DROP COLUMN trace;
    ALTER TABLE relay_${prefix}.mailbox_contact DROP COLUMN contact_id, DROP COLUMN linked, DROP COLUMN held_until;`;
}

describe.skipIf(!server)("a PostgreSQL server", () => {
  storeContract("postgres", open);

  it("what waits in a database of before there were priorities counts as usual", async () => {
    const { prefix } = sampleOptions();
    const opened = await open({ prefix });
    try {
      const contacts = Array.from({ length: 3 }, sampleContact);
      for (const contact of contacts) {
        await opened.store.mailbox.post([sampleUpdate(contact)]);
        await opened.store.wake(contact);
      }
      const event = sampleEvent();
      await opened.store.events.accept([event]);
      await asOwner(`
        UPDATE bullmq.job SET priority = 0 WHERE queue = '${prefix}-contacts';
        ALTER TABLE relay_${prefix}.event DROP COLUMN priority;
        ALTER TABLE relay_${prefix}.event_state DROP COLUMN priority;
        ALTER TABLE relay_${prefix}.mailbox_update DROP COLUMN priority;
        ${withoutNewer(prefix)}
        DELETE FROM relay_${prefix}.migration WHERE version >= 5`);
      const store = (await opened.reopen?.()) ?? opened.store;
      const [lead, urgent] = [sampleContact(), sampleEvent({ priority: "high" })];
      await store.wake(lead, "high");
      await store.events.accept([urgent]);
      expect((await store.events.claim(2)).map((claimed) => claimed.event)).toEqual([urgent, event]);
      expect(await store.mailbox.priorities(contacts)).toEqual(new Map());
      const order: string[] = [];
      const worker = store.startWorker(async (job) => void order.push(job.data.contact), { concurrency: 1 });
      await until(() => order.length === 4, 20_000, "all of them");
      await worker.close();
      expect(order).toEqual([lead, ...contacts]);
    } finally {
      await opened.dispose();
    }
  });

  it("what was told of requests before there was a table of them is carried over", async () => {
    const { prefix } = sampleOptions();
    const opened = await open({ prefix });
    try {
      const contact = sampleContact();
      await opened.store.mailbox.settle(contact, { done: [], applied: {} });
      const line = (at: number) => ({
        at,
        outcome: "delivered",
        status: 200,
        fields: ["email"],
        eventIds: ["evt_a"],
      });
      const former = JSON.stringify([line(Date.now() - 2), line(Date.now() - 1)]);
      await asOwner(`
        UPDATE relay_${prefix}.mailbox_contact SET history = '${former}';
        ${withoutNewer(prefix)}
        DELETE FROM relay_${prefix}.migration WHERE version >= 6`);
      const store = (await opened.reopen?.()) ?? opened.store;
      const told = { outcome: "applied", status: 200, fields: [{ field: "email", eventId: "evt_a" }] };
      expect((await store.mailbox.read(contact)).history).toMatchObject([told, told]);
    } finally {
      await opened.dispose();
    }
  });

  it("what was parked in a database of before there were groups is in its group", async () => {
    const { prefix } = sampleOptions();
    const opened = await open({ prefix });
    try {
      for (const reason of ["one", "one", "two"]) await failEvent(opened.store, reason, "shop");
      await park(opened.store, sampleContact(), [piece("three", 3), piece("four", 4)]);
      await asOwner(`
        ${withoutNewer(prefix)}
        DELETE FROM relay_${prefix}.migration WHERE version >= 6`);
      const store = (await opened.reopen?.()) ?? opened.store;
      expect((await store.failures.groups({ limit: 10 })).items.map(({ count }) => count)).toHaveLength(4);
      await expectAgreement(store);
      // A replica of before knows of no groups.
      await asOwner(`UPDATE relay_${prefix}.event_state SET parked_group = NULL WHERE state = 'failed'`);
      await asOwner(`DELETE FROM relay_${prefix}.parked_piece`);
      await store.failures.guard();
      await expectAgreement(store);
    } finally {
      await opened.dispose();
    }
  });

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
    await withStore({ prefix: "halves" }, async (store) => {
      const [first, bad, last] = [sampleEvent(), sampleEvent(), sampleEvent()];
      await asOwner(`
        CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.id = '${bad.id}' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON relay_halves.event FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
      try {
        await expect(store.events.accept([first, bad, last])).rejects.toThrow("refused");
        for (const { id } of [first, bad, last]) expect(await store.events.find(id)).toBeUndefined();
      } finally {
        await asOwner(`DROP TRIGGER refuse ON relay_halves.event; DROP FUNCTION public.refuse()`);
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
      const worker = store.startWorker(
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

  it("a connection cut in the middle of a transaction is an error for its caller and for nobody else", async () => {
    await withStore({}, async (store) => {
      const contact = sampleContact();
      const origin = { stamp: sampleUpdate(contact).stamp, eventId: "evt_a" };
      let failed = 0;
      for (let round = 0; round < 10; round += 1) {
        const settling = Array.from({ length: 20 }, () =>
          store.mailbox.settle(contact, { done: [], applied: { firstName: origin } }).catch(() => {
            failed += 1;
          }),
        );
        await asOwner(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE pid <> pg_backend_pid() AND datname = current_database()`);
        await Promise.all(settling);
      }
      expect(failed).toBeGreaterThan(0);
      // The end of the last round may still be on its way to a connection that stands in the pool.
      const settled = () =>
        store.mailbox
          .settle(contact, { done: [], applied: { firstName: origin } })
          .then(Boolean, () => false);
      await until(settled, 10_000, "a settlement");
      expect((await store.mailbox.read(contact)).applied).toEqual({ firstName: origin });
    });
  });

  it("a post that comes in the middle of an erasure stays whole, with the event it came from", async () => {
    await withStore({ prefix: "midway" }, async (store) => {
      const contact = sampleContact();
      const [before, during] = [sampleUpdate(contact), sampleUpdate(contact)];
      await store.mailbox.post([before]);
      const beside = new pg.Client({ connectionString: url });
      await beside.connect();
      // Each look over a connection of its own: within a transaction PostgreSQL shows who waits as it was at first.
      const isWaiting = async (lock: string) =>
        (await asOwner(`SELECT 1 FROM pg_locks WHERE NOT granted AND ${lock}`)).length > 0;
      try {
        await beside.query("BEGIN");
        await beside.query(`SELECT * FROM relay_midway.mailbox_event FOR UPDATE`);
        const { rows } = await beside.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
        const erasing = store.mailbox.erase(contact);
        const behindUs = `${rows[0]?.pid} = ANY (pg_blocking_pids(pid))`;
        await until(() => isWaiting(behindUs), 10_000, "the erasure to stand at its first row");
        let posted = false;
        const posting = store.mailbox.post([during]).finally(() => (posted = true));
        const atTheTable = "relation = 'relay_midway.mailbox_event'::regclass";
        await until(async () => posted || (await isWaiting(atTheTable)), 10_000, "the post");
        await beside.query("COMMIT");
        expect(await erasing).toEqual([before.eventId]);
        await posting;
      } finally {
        await beside.end();
      }
      expect((await store.mailbox.read(contact)).waiting).toEqual([during]);
      expect(await store.mailbox.erase(contact)).toEqual([during.eventId]);
      expect((await store.mailbox.read(contact)).waiting).toEqual([]);
    });
  });

  it("options in the URL are kept beside our own", async () => {
    const named = new URL(url);
    named.searchParams.set("options", "-c statement_timeout=9s");
    const store = await openPostgresStore(named.href, sampleOptions());
    try {
      const event = sampleEvent();
      expect(await store.events.accept([event])).toEqual([{ id: event.id, duplicate: false }]);
    } finally {
      await store.close(5_000);
    }
  });

  it("expired windows and surplus records are deleted, not only ignored", async () => {
    await withStore({ prefix: "pruned", retentionMs: 200, retentionEvents: 3 }, async (store) => {
      await store.events.accept(Array.from({ length: 30 }, () => sampleEvent()));
      const worker = startEventWorker(store, async () => ignored);
      try {
        await until(async () => (await store.counts()).events.waiting === 0, 10_000, "all to finish");
        await until(
          async () => {
            await store.events.accept([sampleEvent()]);
            return (await countOf("event_window", "pruned")) < 10;
          },
          10_000,
          "the windows to be deleted",
        );
        await until(async () => (await countOf("event_state", "pruned")) <= 4, 10_000, "the records to go");
      } finally {
        await worker.close();
      }
    });
  });

  describe.skipIf(pid === undefined)("that is frozen", () => {
    it("while a worker starts is worked with as soon as it answers again", { timeout: 60_000 }, async () => {
      await withStore({}, async (store) => {
        const contact = sampleContact();
        const runs: string[] = [];
        await store.wake(contact);
        signalFamily(pid ?? 0, "SIGSTOP");
        const worker = store.startWorker(
          async (job) => {
            runs.push(job.data.contact);
          },
          { concurrency: 2 },
        );
        try {
          await expect(store.pacer.take(1)).rejects.toThrow();
          await new Promise((resolve) => setTimeout(resolve, 6_000));
        } finally {
          signalFamily(pid ?? 0, "SIGCONT");
        }
        try {
          await until(() => runs.length === 1, 20_000, "the run");
          expect(await store.health(2_000)).toEqual({ ok: true });
        } finally {
          await worker.close();
        }
      });
    });

    it("is reported in time, refuses in time, and is let go in time", async () => {
      const { store, dispose } = await open();
      await store.events.accept([sampleEvent()]);
      const worker = store.startWorker(async () => undefined, { concurrency: 2 });
      const contact = sampleContact();
      signalFamily(pid ?? 0, "SIGSTOP");
      try {
        const startedAt = performance.now();
        expect(await store.health(300)).toMatchObject({ ok: false });
        expect(performance.now() - startedAt).toBeLessThan(1_000);
        const outcomes = await Promise.allSettled([
          store.events.accept([sampleEvent()]),
          store.mailbox.post([sampleUpdate(contact)]),
          store.pacer.take(1),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "rejected"]);
        expect(performance.now() - startedAt).toBeLessThan(15_000);
        const closingAt = performance.now();
        await store.close(1_000);
        expect(performance.now() - closingAt).toBeLessThan(2_000);
      } finally {
        signalFamily(pid ?? 0, "SIGCONT");
        void worker.close().catch(() => undefined);
        await dispose();
      }
    });
  });
});

async function countOf(table: "event_state" | "event_window", prefix: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM relay_${prefix}.${table}`,
    );
    return rows[0]?.count ?? 0;
  } finally {
    await client.end();
  }
}
