import { afterAll, beforeAll, describe, expect, it } from "vitest";
import pg from "pg";
import { openPostgresStore } from "../../src/store/postgres/server.ts";
import { openRedisStore } from "../../src/store/redis/index.ts";
import type { RedisStoreOptions } from "../../src/store/redis/look.ts";
import { StoreRefused } from "../../src/store/refused.ts";
import type { Store, StoreNote } from "../../src/store/store.ts";
import { startPostgres, type PostgresServer } from "../helpers/postgres-server.ts";
import { finishCommand } from "../helpers/relay-process.ts";
import { runRedis, withoutRedis, type RedisProcess } from "../helpers/redis-process.ts";
import { sampleEvent, sampleOptions } from "../helpers/store-samples.ts";

interface Outcome {
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  readonly refused: string | undefined;
}

/** What an operator is told at the start. */
async function opening(
  open: (options: RedisStoreOptions) => Promise<Store>,
  own: Partial<RedisStoreOptions> = {},
): Promise<Outcome> {
  const told: StoreNote[] = [];
  let refused: string | undefined;
  try {
    const store = await open({ ...sampleOptions(), onNote: (note) => told.push(note), ...own });
    await store.close(2_000);
  } catch (error) {
    if (!(error instanceof StoreRefused)) throw error;
    refused = error.message;
  }
  return {
    notes: told.map((note) => note.message),
    warnings: told.filter((note) => note.level === "warning").map((note) => note.message),
    refused,
  };
}

describe.skipIf(withoutRedis())("Redis at the start", () => {
  let server: RedisProcess;
  const look = (own: Partial<RedisStoreOptions> = {}) =>
    opening((options) => openRedisStore(`redis://127.0.0.1:${server.port}`, options), own);
  const set = (name: string, value: string) => server.command("CONFIG", "SET", name, value);

  beforeAll(async () => {
    server = await runRedis();
  });
  afterAll(() => server.stop());

  it("one that evicts is refused, with the way out, and the environment can allow it", async () => {
    await set("maxmemory-policy", "allkeys-lru");
    try {
      const { refused } = await look();
      expect(refused).toContain("allkeys-lru");
      expect(refused).toContain("REDIS_ALLOW_EVICTION=true");
      const env = {
        AELYST_API_TOKEN: "token",
        AELYST_API_URL: "http://127.0.0.1:9/v1",
        FORM_KEY: "key",
        REDIS_URL: `redis://127.0.0.1:${server.port}`,
      };
      const serving = await finishCommand(["serve"], { ...env, PORT: "0", HOST: "127.0.0.1" });
      expect(serving.code).toBe(1);
      expect(serving.err).toContain("maxmemory-policy is allkeys-lru");
      const allowed = await finishCommand(["check"], { ...env, REDIS_ALLOW_EVICTION: "true" });
      expect(allowed.out).toContain("WARNING maxmemory-policy is allkeys-lru");
    } finally {
      await set("maxmemory-policy", "noeviction");
    }
  });

  it("a persistent one says what a power cut can cost", async () => {
    expect((await look()).notes.join("\n")).toContain("can lose the last second of accepted events");
    await set("appendfsync", "always");
    const { notes, warnings } = await look();
    expect(notes.join("\n")).toContain("nothing accepted can be lost");
    expect(warnings).toEqual([]);
    await set("appendfsync", "no");
    expect((await look()).warnings.join("\n")).toContain("appendfsync is no");
    await set("appendfsync", "everysec");
  });

  it("one without an append-only file is warned about loudly, with what can be lost", async () => {
    await set("appendonly", "no");
    expect((await look()).warnings).toEqual([expect.stringMatching(/NO PERSISTENCE.*every accepted event/)]);
    await set("save", "3600 1");
    expect((await look()).warnings).toEqual([expect.stringMatching(/SNAPSHOTS ONLY \(save 3600 1\)/)]);
    await set("save", "");
    await set("appendonly", "yes");
  });
});

const postgres: PostgresServer | undefined = await startPostgres();

describe.skipIf(!postgres)("PostgreSQL at the start", () => {
  const url = postgres?.url ?? "";
  const look = (at = url) => opening((options) => openPostgresStore(at, options));
  const as = (change: (url: URL) => void) => {
    const changed = new URL(url);
    change(changed);
    return changed.href;
  };
  const withSetting = (setting: string) =>
    as((changed) => changed.searchParams.set("options", `-c ${setting}`));

  async function sql(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }

  afterAll(() => postgres?.stop());

  it("says its version, how durable it is, and the schema", async () => {
    const { notes, warnings } = await look();
    expect(notes.join("\n")).toMatch(/^PostgreSQL 1[4-9].*\n.*nothing accepted can be lost\n.*version \d+$/);
    expect(warnings).toEqual([]);
  });

  it("commits that are not waited for are a warning", async () => {
    const { warnings } = await look(withSetting("synchronous_commit=off"));
    expect(warnings).toEqual([expect.stringContaining("synchronous_commit is off")]);
  });

  it("one that can only be read is refused", async () => {
    const { refused } = await look(withSetting("default_transaction_read_only=on"));
    expect(refused).toContain("only read");
  });

  it("a database that is not there is refused, without the password", async () => {
    const { refused } = await look(
      as((changed) => {
        changed.pathname = "/nowhere";
        changed.password = "hunter2";
      }),
    );
    expect(refused).toContain("nowhere");
    expect(refused).not.toContain("hunter2");
  });

  it("a database that a newer relay has used is refused", async () => {
    const prefix = "newer";
    const open = (options: RedisStoreOptions) => openPostgresStore(url, { ...options, prefix });
    expect((await opening(open)).refused).toBeUndefined();
    await sql(`INSERT INTO relay_${prefix}.migration (version) VALUES (999)`);
    expect((await opening(open)).refused).toContain("newer contact-relay");
  });

  it("a server that is not there, and one that hangs up, are waited for instead", async () => {
    await expect(openPostgresStore("postgres://u:hunter2@127.0.0.1:1/x", sampleOptions())).rejects.toThrow(
      /^PostgreSQL at 127\.0\.0\.1:1\/x does not answer: /,
    );
  });

  it("the store works after all of this", async () => {
    const store = await openPostgresStore(url, sampleOptions());
    const event = sampleEvent();
    expect(await store.events.accept([event])).toEqual([{ id: event.id, duplicate: false }]);
    await store.close(2_000);
  });
});
