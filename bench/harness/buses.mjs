// Brokers of a benchmark's own, on loopback: filled, pulled from, and thrown away.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { end, freePort, startRedis } from "./servers.mjs";

const chunk = 500;

/** Messages of about a kilobyte, as the source `bus` maps them. */
function messageOf(number) {
  return JSON.stringify({
    specversion: "1.0",
    id: `bench-${number}`,
    source: "/bench",
    type: "user.changed",
    time: "2026-03-01T08:00:00Z",
    data: {
      email: `person${number}@example.com`,
      firstName: `N${number}`,
      note: "x".repeat(800),
    },
  });
}

async function inChunks(count, publish) {
  for (let from = 0; from < count; from += chunk) {
    const numbers = Array.from({ length: Math.min(chunk, count - from) }, (_, index) => from + index);
    await Promise.all(numbers.map((number) => publish(messageOf(number))));
  }
}

async function untilAnswers(ask) {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await wait(100);
  }
  throw new Error("the broker does not answer");
}

const isFound = (command) => spawnSync(command, ["--version"]).status === 0;

async function redisStreams() {
  const server = await startRedis();
  if (!server) return undefined;
  let streams = 0;
  const stream = () => `bench.${streams}`;
  return {
    name: "Redis Streams",
    peer: () => ({ BUS: "redis", URL: server.url, STREAM: stream() }),
    consume: () => `{ redis: "${server.url}", stream: ${stream()} }`,
    async fill(count) {
      streams += 1;
      await inChunks(count, (text) => server.client.xadd(stream(), "*", "data", text));
    },
    empty: async () => void (await server.client.del(stream())),
    stop: () => server.stop(),
  };
}

async function jetStream() {
  if (!isFound("nats-server")) return undefined;
  const { connect } = await import("@nats-io/transport-node");
  const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-nats-"));
  const port = await freePort();
  const place = ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", directory];
  const child = spawn("nats-server", place, { stdio: "ignore" });
  const connection = await untilAnswers(() => connect({ servers: `127.0.0.1:${port}` }));
  const api = await untilAnswers(() => jetstreamManager(connection));
  const client = jetstream(connection);
  const url = `nats://127.0.0.1:${port}`;
  let streams = 0;
  const stream = () => `BENCH${streams}`;
  return {
    name: "NATS JetStream",
    peer: () => ({ BUS: "nats", URL: `127.0.0.1:${port}`, STREAM: stream() }),
    consume: () => `{ nats: "${url}", stream: ${stream()} }`,
    async fill(count) {
      streams += 1;
      await api.streams.add({ name: stream(), subjects: [`bench.${streams}`] });
      await inChunks(count, (text) => client.publish(`bench.${streams}`, text));
    },
    empty: async () => void (await api.streams.delete(stream())),
    async stop() {
      await connection.close();
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The package's own command in PATH changes to a user of its own. */
const rabbitServer = "/usr/lib/rabbitmq/bin/rabbitmq-server";

async function rabbitMq() {
  if (!existsSync(rabbitServer)) return undefined;
  const { connect } = await import("amqplib");
  const directory = mkdtempSync(join(tmpdir(), "relay-bench-rabbit-"));
  const [port, distribution, names] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(directory, "plugins"), "[].");
  const nameServer = spawn("epmd", ["-port", String(names), "-address", "127.0.0.1"], { stdio: "ignore" });
  const child = spawn(rabbitServer, {
    stdio: "ignore",
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      LANG: "C.UTF-8",
      RABBITMQ_NODENAME: "bench@localhost",
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: join(directory, "db"),
      RABBITMQ_LOG_BASE: join(directory, "log"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "plugins"),
      RABBITMQ_PID_FILE: join(directory, "pid"),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(names),
    },
  });
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const connection = await untilAnswers(() => connect(url));
  const channel = await connection.createConfirmChannel();
  let queues = 0;
  const queue = () => `bench.${queues}`;
  return {
    name: "RabbitMQ, a quorum queue",
    peer: () => ({ BUS: "amqp", URL: url, STREAM: queue() }),
    consume: () => `{ amqp: "${url}", queue: ${queue()} }`,
    async fill(count) {
      queues += 1;
      await channel.assertQueue(queue(), { durable: true, arguments: { "x-queue-type": "quorum" } });
      const properties = { persistent: true, contentType: "application/cloudevents+json" };
      await inChunks(
        count,
        (text) =>
          new Promise((resolve, reject) => {
            channel.sendToQueue(queue(), Buffer.from(text), properties, (error) =>
              error ? reject(error) : resolve(),
            );
          }),
      );
    },
    empty: async () => void (await channel.deleteQueue(queue())),
    async stop() {
      await connection.close();
      process.kill(Number(readFileSync(join(directory, "pid"), "utf8")));
      await end(child);
      await end(nameServer);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Those that are installed here. */
export async function startBuses() {
  const buses = [await redisStreams(), await jetStream(), await rabbitMq()];
  return buses.filter((bus) => bus !== undefined);
}
