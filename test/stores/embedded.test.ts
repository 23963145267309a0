import { spawn, type ChildProcess } from "node:child_process";
import fs, { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PGlite } from "@electric-sql/pglite";
import { DurableNodeFS, durableStartParams } from "../../src/store/postgres/durable-fs.ts";
import { openEmbeddedStore } from "../../src/store/postgres/embedded.ts";
import type { Store, StoreOptions } from "../../src/store/store.ts";
import { placeDatabase } from "../helpers/embedded-template.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleOptions } from "../helpers/store-samples.ts";
import { storeContract } from "./contract.ts";

async function openStore(directory: string, options: StoreOptions): Promise<Store> {
  const opened = await openEmbeddedStore(directory, options);
  if (!opened.ok) throw new Error(opened.message);
  return opened.store;
}

/** Directories whose store was closed: the next one opens them under a prefix of its own, which is much quicker. */
const spare: string[] = [];

afterAll(async () => {
  for (const directory of spare) await rm(directory, { recursive: true });
});

storeContract("embedded", async (overrides) => {
  const directory = spare.pop() ?? (await mkdtemp(join(tmpdir(), "relay-store-")));
  await placeDatabase(directory);
  const options = sampleOptions(overrides);
  let store = await openStore(directory, options);
  return {
    store,
    async reopen() {
      await store.close(5_000);
      store = await openStore(directory, options);
      return store;
    },
    async dispose() {
      await store.close(5_000);
      spare.push(directory);
    },
  };
});

const script = fileURLToPath(new URL("../helpers/embedded-child.mjs", import.meta.url));

interface Child {
  readonly pid: number;
  readonly lines: Record<string, unknown>[];
  /** Waits until it has said something with this key. */
  said(key: string): Promise<unknown>;
  kill(): Promise<void>;
}

const children: ChildProcess[] = [];

function startChild(directory: string, task: "hold" | "accept" | "work"): Child {
  const child = spawn(process.execPath, [script, directory, task], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines: Record<string, unknown>[] = [];
  const read = createInterface({ input: child.stdout });
  read.on("line", (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const find = (key: string) => lines.find((line) => key in line)?.[key];
  return {
    pid: child.pid ?? 0,
    lines,
    async said(key) {
      await until(() => find(key) !== undefined, 20_000, `the child to say ${key}`);
      return find(key);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("the embedded store", () => {
  let directory: string;
  const options = sampleOptions({ prefix: "child" });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "relay-store-"));
    await placeDatabase(directory);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });

  it("has every event whose acceptance was reported when its process is killed right after", async () => {
    for (let round = 0; round < 3; round += 1) {
      const child = startChild(directory, "accept");
      await until(() => child.lines.length > 20 + 30 * round, 20_000, "acceptances");
      await child.kill();
      const accepted = child.lines.flatMap((line) =>
        typeof line["accepted"] === "string" ? [line["accepted"]] : [],
      );
      expect(accepted.length).toBeGreaterThan(10);
      const store = await openStore(directory, options);
      try {
        for (const id of accepted) expect((await store.events.find(id))?.state, id).toBe("waiting");
      } finally {
        await store.close(5_000);
      }
    }
  });

  it("goes on at once with what a killed process was working on, and loses no wake-up", async () => {
    const child = startChild(directory, "work");
    const contact = await child.said("working");
    await child.kill();
    const store = await openStore(directory, options);
    expect((await store.counts()).contacts).toMatchObject({ waiting: 1, active: 0 });
    const runs: unknown[] = [];
    const openedAt = performance.now();
    const worker = store.startWorker(
      async (job) => {
        runs.push(job.data.contact);
      },
      { concurrency: 2 },
    );
    try {
      await until(() => runs.length > 0, 10_000, "the interrupted run");
      expect(performance.now() - openedAt).toBeLessThan(2_000);
      await until(() => runs.length === 2, 10_000, "the wake-up that came while it ran");
      await until(
        async () => {
          const { waiting, active, delayed } = (await store.counts()).contacts;
          return waiting + active + delayed === 0;
        },
        5_000,
        "an empty queue",
      );
      expect(runs).toEqual([contact, contact]);
    } finally {
      await worker.close();
      await store.close(5_000);
    }
  });

  it("refuses a directory that another living process has open, without touching it", async () => {
    const child = startChild(directory, "hold");
    await child.said("ready");
    const before = await readdir(directory);
    const refused = await openEmbeddedStore(directory, options);
    expect(refused).toMatchObject({ ok: false, message: expect.stringContaining(`process ${child.pid};`) });
    expect(await readdir(directory)).toEqual(before);
    await child.kill();
    const store = await openStore(directory, options);
    expect(await store.health(2_000)).toEqual({ ok: true });
    await store.close(5_000);
  });

  it("leaves no lock behind when it is closed, and one that failed to open leaves none either", async () => {
    const store = await openStore(directory, options);
    await store.close(5_000);
    expect((await readdir(directory)).filter((name) => name.includes("lock"))).toEqual([]);
    await rm(join(directory, "pg", "global", "pg_control"));
    expect(await openEmbeddedStore(directory, options)).toMatchObject({ ok: false });
    expect((await readdir(directory)).filter((name) => name.includes("lock"))).toEqual([]);
  });

  it("a stop does not wait for the files to be written anew: the next opening does it, or a command before it ends", async () => {
    const due = join(directory, "scrub-due");
    const contact = sampleContact();
    const first = await openStore(directory, options);
    await first.erase(contact);
    await until(() => !existsSync(due), 20_000, "the first scrub");
    await first.erase(contact);
    expect(existsSync(due)).toBe(true);
    await first.close(5_000);
    expect(existsSync(due)).toBe(true);
    const next = await openStore(directory, options);
    await until(() => !existsSync(due), 20_000, "what was left");
    await next.erase(contact);
    await next.close(5_000);
    expect(existsSync(due)).toBe(true);
    const command = await openStore(directory, { ...options, scrubAtClose: true });
    await command.close(60_000);
    expect(existsSync(due)).toBe(false);
  });

  it("an error in the middle of a batch leaves nothing of it", async () => {
    const events = [sampleEvent(), sampleEvent(), sampleEvent()];
    const [first, bad, last] = events;
    const before = await openStore(directory, options);
    await before.close(5_000);
    await asOwner(
      directory,
      `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN IF NEW.id = '${bad?.id ?? ""}' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON "relay_${options.prefix}".event FOR EACH ROW EXECUTE FUNCTION public.refuse()`,
    );
    const store = await openStore(directory, options);
    try {
      await expect(store.events.accept(events)).rejects.toThrow("refused");
      for (const { id } of events) expect(await store.events.find(id)).toBeUndefined();
      expect((await store.counts()).events.waiting).toBe(0);
      const rest = [first, last].flatMap((event) => (event ? [event] : []));
      expect(await store.events.accept(rest)).toEqual(rest.map(({ id }) => ({ id, duplicate: false })));
    } finally {
      await store.close(5_000);
    }
  });

  it("writes every commit through to the disk before it reports it", async () => {
    const flush = vi.spyOn(fs, "fdatasyncSync");
    syncBuiltinESMExports();
    try {
      const store = await openStore(directory, options);
      try {
        for (let n = 0; n < 20; n += 1) {
          const before = flush.mock.calls.length;
          await store.events.accept([sampleEvent()]);
          expect(flush.mock.calls.length).toBeGreaterThan(before);
        }
      } finally {
        await store.close(5_000);
      }
    } finally {
      flush.mockRestore();
      syncBuiltinESMExports();
    }
  });
});

async function asOwner(directory: string, sql: string): Promise<void> {
  expect(existsSync(join(directory, "pg"))).toBe(true);
  const db = new PGlite({
    fs: new DurableNodeFS(join(directory, "pg")),
    startParams: [...durableStartParams],
  });
  await db.exec(sql);
  await db.close();
}
