import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort, until } from "./relay-process.ts";
import { removeDirectory } from "./remove-directory.ts";

/** A `redis-server` of our own, run as a test needs it: with TLS, users, as a replica, a sentinel, a cluster's node. */
export interface RedisProcess {
  readonly port: number;
  readonly directory: string;
  pid(): number;
  /** One command over a connection of its own, as the server's owner. */
  command(...words: string[]): Promise<unknown>;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export const redisFound = spawnSync("redis-server", ["--version"]).status === 0;

const durable = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""];

export async function runRedis(
  own: {
    readonly args?: readonly string[];
    /** Lines of a configuration file, which a sentinel rewrites. */
    readonly config?: readonly string[];
    readonly sentinel?: boolean;
    readonly owner?: { readonly password?: string; readonly tls?: { readonly rejectUnauthorized: boolean } };
    readonly tls?: boolean;
    /** False leaves it down until `start`. */
    readonly started?: boolean;
  } = {},
): Promise<RedisProcess> {
  const directory = mkdtempSync(join(tmpdir(), "relay-redis-"));
  const port = await freePort();
  const ports = own.tls === true ? ["--port", "0", "--tls-port", String(port)] : ["--port", String(port)];
  const file = join(directory, "redis.conf");
  writeFileSync(file, (own.config ?? []).map((line) => `${line}\n`).join(""));
  const kind = own.sentinel === true ? ["--sentinel"] : durable;
  const args = [file, ...ports, "--bind", "127.0.0.1", "--dir", directory, ...kind, ...(own.args ?? [])];
  let server: ChildProcess | undefined;

  async function command(...words: string[]): Promise<unknown> {
    const client = new Redis({
      host: "127.0.0.1",
      port,
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: () => null,
      ...own.owner,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      const [name = "PING", ...rest] = words;
      return await client.call(name, ...rest);
    } finally {
      client.disconnect();
    }
  }

  async function start(): Promise<void> {
    server = spawn("redis-server", args, { stdio: "ignore" });
    const started = server;
    const endWithUs = () => started.kill("SIGKILL");
    process.once("exit", endWithUs);
    started.once("exit", () => process.off("exit", endWithUs));
    const answers = () =>
      command("PING").then(
        () => true,
        () => false,
      );
    await until(answers, 20_000, "redis-server to answer");
  }

  async function kill(): Promise<void> {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGKILL");
    await ended;
  }

  if (own.started !== false) await start();
  return {
    port,
    directory,
    pid: () => server?.pid ?? 0,
    command,
    start,
    kill,
    async stop() {
      await kill();
      await removeDirectory(directory);
    },
  };
}

/** The tests of a file run where there is a binary; one visible line, or a failure where it is required. */
export function withoutRedis(): boolean {
  if (redisFound) return false;
  const required = (process.env["REQUIRE_ENGINES"] ?? "").split(",").map((engine) => engine.trim());
  const message = "redis: skipped, no redis-server found";
  if (required.includes("redis")) throw new Error(message);
  process.stderr.write(`${message}\n`);
  return true;
}
