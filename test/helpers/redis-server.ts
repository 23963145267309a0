import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort, until } from "./relay-process.ts";
import { removeDirectory } from "./remove-directory.ts";

export interface RedisServer {
  readonly url: string;
  /** The server's own process; absent for one that was only named. */
  readonly pid: number | undefined;
  /** Kills it with -9 and starts it again on the same port and data. Only for a server of our own. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The server that `TEST_REDIS_URL` names, else one of our own from the local binary, with an append-only file and on
 * the loopback interface alone. Undefined when neither is there.
 */
export async function startRedis(): Promise<RedisServer | undefined> {
  const named = process.env["TEST_REDIS_URL"];
  if (named) {
    const refuse = () => Promise.reject(new Error("a server that was only named is not ours to stop"));
    return { url: named, pid: undefined, kill: refuse, start: refuse, stop: () => Promise.resolve() };
  }
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "relay-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const persistence = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];
    const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
    server = spawn("redis-server", [...place, ...persistence, "--maxmemory-policy", "noeviction"], {
      stdio: "ignore",
    });
    await until(() => answers(url), 20_000, "Redis to answer");
  }

  async function kill(): Promise<void> {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGKILL");
    await ended;
  }

  await start();
  return {
    url,
    get pid() {
      return server?.pid;
    },
    kill,
    start,
    async stop() {
      await kill();
      await removeDirectory(directory);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
