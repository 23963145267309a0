import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import { connect, type ConnectionOptions, type NatsConnection } from "@nats-io/transport-node";
import { freePort, until } from "./relay-process.ts";
import { removeDirectory } from "./remove-directory.ts";

/** A `nats-server` with JetStream of our own, which keeps its streams on disk. */
export interface NatsServer {
  readonly port: number;
  readonly url: string;
  readonly directory: string;
  isRunning(): boolean;
  /** Work of the server's owner, over a connection of its own. */
  asOwner<Result>(work: (owner: Owner) => Promise<Result>): Promise<Result>;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface Owner {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly api: JetStreamManager;
}

export const natsFound = spawnSync("nats-server", ["--version"]).status === 0;

/** @param config lines of its configuration file beside where it listens and what it stores */
export async function runNats(
  config: readonly string[] = [],
  owner: Partial<ConnectionOptions> = {},
): Promise<NatsServer> {
  const directory = mkdtempSync(join(tmpdir(), "relay-nats-"));
  const port = await freePort();
  const file = join(directory, "nats.conf");
  const store = `jetstream { store_dir: "${join(directory, "data")}" }`;
  writeFileSync(file, [`listen: "127.0.0.1:${port}"`, store, ...config, ""].join("\n"));
  let server: ChildProcess | undefined;

  async function asOwner<Result>(work: (one: Owner) => Promise<Result>): Promise<Result> {
    const connection = await connect({
      servers: `127.0.0.1:${port}`,
      reconnect: false,
      timeout: 2_000,
      ...owner,
    });
    try {
      return await work({
        connection,
        client: jetstream(connection),
        api: await jetstreamManager(connection, { timeout: 2_000 }),
      });
    } finally {
      await connection.close();
    }
  }

  async function start(): Promise<void> {
    const started = spawn("nats-server", ["-c", file], { stdio: "ignore" });
    server = started;
    const endWithUs = () => started.kill("SIGKILL");
    process.once("exit", endWithUs);
    started.once("exit", () => process.off("exit", endWithUs));
    const answers = () =>
      asOwner(async ({ api }) => (await api.getAccountInfo()).streams >= 0).catch(() => false);
    await until(answers, 20_000, "nats-server to answer");
  }

  async function kill(): Promise<void> {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill("SIGKILL");
    await ended;
  }

  await start();
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    directory,
    isRunning: () => server !== undefined,
    asOwner,
    start,
    kill,
    async stop() {
      await kill();
      await removeDirectory(directory);
    },
  };
}
