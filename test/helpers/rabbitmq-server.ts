import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConfirmChannel } from "amqplib";
import { freePort, until } from "./relay-process.ts";
import { removeDirectory } from "./remove-directory.ts";

/** A RabbitMQ of our own on loopback, with its data in a directory of its own. */
export interface RabbitServer {
  readonly port: number;
  readonly url: string;
  readonly directory: string;
  isUp(): boolean;
  /** What its owner does with it, over a connection of its own. */
  asOwner<Result>(work: (channel: ConfirmChannel) => Promise<Result>): Promise<Result>;
  /** Runs `rabbitmqctl`, and answers what it prints. */
  control(...words: string[]): string;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** The package's own commands in PATH change to a user of their own, whose directory is the service's. */
const folder = "/usr/lib/rabbitmq/bin/";
const binary = (name: string) => (existsSync(`${folder}${name}`) ? `${folder}${name}` : name);

export const rabbitFound =
  existsSync(`${folder}rabbitmq-server`) || spawnSync("which", ["rabbitmq-server"]).status === 0;

/** On a bare machine under load Erlang alone takes half a minute to begin. */
const upMs = 240_000;

/** @param config lines of `rabbitmq.conf` */
export async function runRabbit(config: readonly string[] = []): Promise<RabbitServer> {
  const directory = mkdtempSync(join(tmpdir(), "relay-rabbit-"));
  const [port, distribution, names] = [await freePort(), await freePort(), await freePort()];
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  writeFileSync(join(directory, "plugins"), "[].");
  writeFileSync(join(directory, "rabbitmq.conf"), config.map((line) => `${line}\n`).join(""));
  const env = {
    PATH: process.env["PATH"],
    HOME: directory,
    LANG: "C.UTF-8",
    RABBITMQ_NODENAME: "relay@localhost",
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(directory, "db"),
    RABBITMQ_LOG_BASE: join(directory, "log"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "plugins"),
    RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq"),
    RABBITMQ_PID_FILE: join(directory, "pid"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_EPMD_PORT: String(names),
  };
  const nameServer = spawn("epmd", ["-port", String(names), "-address", "127.0.0.1"], { stdio: "ignore" });
  let server: ChildProcess | undefined;

  async function asOwner<Result>(work: (channel: ConfirmChannel) => Promise<Result>): Promise<Result> {
    const connection = await connect(url);
    connection.on("error", () => undefined);
    try {
      const channel = await connection.createConfirmChannel();
      channel.on("error", () => undefined);
      return await work(channel);
    } finally {
      await connection.close().catch(() => undefined);
    }
  }

  async function start(): Promise<void> {
    const started = spawn(binary("rabbitmq-server"), {
      cwd: directory,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    server = started;
    process.once("exit", killNow);
    let printed = "";
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-4_000)));
    }
    const answers = () => asOwner(() => Promise.resolve(true)).catch(() => false);
    const answersOrEnded = async () => started.exitCode !== null || (await answers());
    await until(answersOrEnded, upMs, "RabbitMQ to answer", 200).catch((error: unknown) => {
      throw new Error(`${String(error)}:\n${printed}`);
    });
    if (started.exitCode !== null) throw new Error(`RabbitMQ ended at its start:\n${printed}`);
  }

  /** The server itself is a child of the command. */
  function killNow(): void {
    const file = join(directory, "pid");
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    try {
      if (pid > 0) process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  async function kill(): Promise<void> {
    const ending = server;
    server = undefined;
    process.off("exit", killNow);
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    killNow();
    await ended;
  }

  process.once("exit", () => nameServer.kill("SIGKILL"));
  await start();
  return {
    port,
    url,
    directory,
    isUp: () => server !== undefined,
    asOwner,
    control(...words) {
      const { stdout, stderr, status } = spawnSync(binary("rabbitmqctl"), ["-q", ...words], {
        cwd: directory,
        env,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`rabbitmqctl ${words[0]}: ${stdout}${stderr}`);
      return stdout;
    },
    start,
    kill,
    async stop() {
      await kill();
      nameServer.kill("SIGKILL");
      await removeDirectory(directory);
    },
  };
}
