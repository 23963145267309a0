import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRedisStore } from "../../src/store/redis/index.ts";
import { StoreRefused } from "../../src/store/refused.ts";
import type { Store, StoreNote } from "../../src/store/store.ts";
import { finishCommand, until } from "../helpers/relay-process.ts";
import { runRedis, withoutRedis, type RedisProcess } from "../helpers/redis-process.ts";
import { sampleContact, sampleEvent, sampleOptions } from "../helpers/store-samples.ts";

const skip = withoutRedis();
const running: RedisProcess[] = [];
const opened: Store[] = [];

async function run(...options: Parameters<typeof runRedis>): Promise<RedisProcess> {
  const server = await runRedis(...options);
  running.push(server);
  return server;
}

async function open(...[url, options]: Parameters<typeof openRedisStore>): Promise<Store> {
  const store = await openRedisStore(url, options);
  opened.push(store);
  return store;
}

afterAll(async () => {
  await Promise.all(opened.map((store) => store.close(1_000)));
  await Promise.all(running.map((server) => server.stop()));
});

async function refusal(url: string): Promise<Error> {
  const error: unknown = await open(url, sampleOptions()).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error("it was opened");
}

/** Takes an event, wakes a contact and has the wake-up run: everything that touches keys in one way or another. */
async function works(store: Store): Promise<void> {
  const event = sampleEvent();
  expect(await store.events.accept([event])).toEqual([{ id: event.id, duplicate: false }]);
  const contact = sampleContact();
  const runs: string[] = [];
  const worker = store.startWorker(
    async (job) => {
      runs.push(job.data.contact);
    },
    { concurrency: 2 },
  );
  await store.wake(contact);
  await until(() => runs.includes(contact), 20_000, "the run");
  await store.pacer.take(1);
  await worker.close();
}

describe.skipIf(skip)("users and databases", () => {
  let server: RedisProcess;
  beforeAll(async () => {
    server = await run({
      args: ["--requirepass", "owner-secret"],
      owner: { password: "owner-secret" },
    });
    await server.command(
      "ACL",
      "SETUSER",
      "relay",
      "on",
      ">p@ss/word",
      "~{*",
      "&*",
      "+@all",
      "-@dangerous",
      "+info",
    );
    await server.command("ACL", "SETUSER", "narrow", "on", ">narrow-secret", "~other:*", "&*", "+@all");
  });

  it("a wrong or missing password is refused for good, and is nowhere in the message", async () => {
    const wrong = await refusal(`redis://relay:wrong-secret@127.0.0.1:${server.port}`);
    expect(wrong).toBeInstanceOf(StoreRefused);
    expect(wrong.message).toContain("the user or password is wrong or missing");
    expect(wrong.message).not.toContain("wrong-secret");
    const missing = await refusal(`redis://127.0.0.1:${server.port}`);
    expect(missing).toBeInstanceOf(StoreRefused);
  });

  it("a user who may not touch our keys is refused, with what to allow", async () => {
    const narrow = await refusal(`redis://narrow:narrow-secret@127.0.0.1:${server.port}`);
    expect(narrow).toBeInstanceOf(StoreRefused);
    expect(narrow.message).toContain("STORE_PREFIX");
  });

  it("a database that is not there is refused", async () => {
    const none = await refusal(`redis://:owner-secret@127.0.0.1:${server.port}/99`);
    expect(none).toBeInstanceOf(StoreRefused);
    expect(none.message).toContain("no such database");
  });

  it("an ACL user without CONFIG works in its database, and is told what could not be checked", async () => {
    const notes: StoreNote[] = [];
    const options = sampleOptions({ onNote: (note) => notes.push(note) });
    const store = await open(`redis://relay:p%40ss%2Fword@127.0.0.1:${server.port}/2`, options);
    await works(store);
    expect(notes.map((note) => note.message).join("\n")).toMatch(
      /Redis 7.*\n.*noeviction\n.*how often it is synced could not be asked/,
    );
    expect(
      await server.command("EVAL", "redis.call('SELECT', 2) return #redis.call('KEYS', '*')", "0"),
    ).not.toBe(0);
  });
});

describe.skipIf(skip)("TLS with a private authority", () => {
  let directory: string;
  let server: RedisProcess;
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore", cwd: directory });

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "relay-tls-"));
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-subj",
      "/CN=Test CA",
      "-days",
      "2",
    );
    openssl(
      "req",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "server.key",
      "-out",
      "server.csr",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
    );
    openssl(
      "x509",
      "-req",
      "-in",
      "server.csr",
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-copy_extensions",
      "copy",
      "-out",
      "server.crt",
      "-days",
      "2",
    );
    const tlsArgs = ["--tls-cert-file", file("server.crt"), "--tls-key-file", file("server.key")];
    server = await run({
      tls: true,
      args: [
        ...tlsArgs,
        "--tls-ca-cert-file",
        file("ca.crt"),
        "--tls-auth-clients",
        "no",
        "--maxmemory-policy",
        "noeviction",
      ],
      owner: { tls: { rejectUnauthorized: false } },
    });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("is refused while the authority is unknown, with the way to name it", async () => {
    const error = await refusal(`rediss://localhost:${server.port}`);
    expect(error).toBeInstanceOf(StoreRefused);
    expect(error.message).toContain("NODE_EXTRA_CA_CERTS");
  });

  it("works once NODE_EXTRA_CA_CERTS names it", async () => {
    const env = {
      AELYST_API_TOKEN: "token",
      AELYST_API_URL: "http://127.0.0.1:9/v1",
      FORM_KEY: "key",
      REDIS_URL: `rediss://localhost:${server.port}`,
      NODE_EXTRA_CA_CERTS: file("ca.crt"),
    };
    const { out } = await finishCommand(["check"], env);
    expect(out).toContain("store: redis can be used");
    expect(out).toMatch(/store: Redis [0-9.]+ at localhost/);
  });
});

describe.skipIf(skip)("a cluster", () => {
  let server: RedisProcess;
  beforeAll(async () => {
    server = await run({ args: ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"] });
    await server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await until(
      async () => String(await server.command("CLUSTER", "INFO")).includes("cluster_state:ok"),
      20_000,
      "the cluster",
    );
  });

  it("works: every key of the relay and of BullMQ is in one slot", async () => {
    const notes: StoreNote[] = [];
    const store = await open(
      `redis+cluster://127.0.0.1:${server.port}`,
      sampleOptions({ onNote: (note) => notes.push(note) }),
    );
    await works(store);
    expect(notes[0]?.message).toContain("at the cluster 127.0.0.1");
    expect(await store.due()).toEqual(["events"]);
  });

  it(
    "whose only node dies is refused at once, and goes on when the node is back",
    { timeout: 60_000 },
    async () => {
      const store = await open(`redis+cluster://127.0.0.1:${server.port}`, sampleOptions());
      const before = sampleEvent();
      await store.events.accept([before]);
      await server.kill();
      const startedAt = performance.now();
      await expect(store.events.accept([sampleEvent()])).rejects.toThrow();
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      await server.start();
      await until(async () => (await store.health(1_000)).ok, 30_000, "the store to answer again");
      expect((await store.events.find(before.id))?.event).toEqual(before);
      await works(store);
    },
  );

  it("is told apart from a single server, both ways", async () => {
    const notes: StoreNote[] = [];
    await open(`redis://127.0.0.1:${server.port}`, sampleOptions({ onNote: (note) => notes.push(note) }));
    expect(notes.find((note) => note.level === "warning")?.message).toContain("redis+cluster://");
    const single = await run();
    const error = await refusal(`redis+cluster://127.0.0.1:${single.port}`);
    expect(error).toBeInstanceOf(StoreRefused);
    expect(error.message).toContain("it is no cluster");
  });
});

describe.skipIf(skip)("sentinels", () => {
  it(
    "after a failover events are taken and jobs run on the new master, with nothing lost that it had",
    { timeout: 120_000 },
    async () => {
      const master = await run();
      const replica = await run({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
      const sentinel = await run({
        sentinel: true,
        config: [
          `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
          "sentinel down-after-milliseconds mymaster 2000",
          "sentinel failover-timeout mymaster 10000",
        ],
      });
      const synced = async () =>
        String(await replica.command("INFO", "replication")).includes("master_link_status:up");
      await until(synced, 20_000, "the replica");
      const known = async () =>
        String(await sentinel.command("SENTINEL", "replicas", "mymaster")).includes(String(replica.port));
      await until(known, 30_000, "the sentinel to know the replica");

      const store = await open(`redis+sentinel://127.0.0.1:${sentinel.port}/mymaster/0`, sampleOptions());
      const before = sampleEvent();
      await store.events.accept([before]);
      await master.command("WAIT", "1", "5000");
      await master.kill();
      await until(
        () =>
          store.events.accept([sampleEvent()]).then(
            () => true,
            () => false,
          ),
        60_000,
        "an event to be taken again",
      );
      expect((await store.events.find(before.id))?.event).toEqual(before);
      await works(store);
    },
  );

  it("a replica named directly is refused", async () => {
    const master = await run();
    const replica = await run({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
    const error = await refusal(`redis://127.0.0.1:${replica.port}`);
    expect(error).toBeInstanceOf(StoreRefused);
    expect(error.message).toContain("is a replica");
  });
});
