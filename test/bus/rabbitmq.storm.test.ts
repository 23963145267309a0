import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfirmChannel } from "amqplib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BusConsumer, BusMessage } from "../../src/bus/consumer.ts";
import { rabbitQueue } from "../../src/bus/rabbitmq/consumer.ts";
import { insistOnBroker } from "../helpers/engines.ts";
import { rabbitFound, runRabbit, type RabbitServer } from "../helpers/rabbitmq-server.ts";
import { finishCommand, freePort, until } from "../helpers/relay-process.ts";
import { busGuarantees } from "./bus.ts";
import type { BrokerUnderTest } from "./stage.ts";

if (!rabbitFound) insistOnBroker("rabbitmq");
const certificates = mkdtempSync(join(tmpdir(), "relay-rabbit-tls-"));
afterAll(() => rmSync(certificates, { recursive: true }));
const securePort = await freePort();

async function runSecurely(): Promise<RabbitServer> {
  const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", "server.key", "-out", "server.crt"];
  execFileSync("openssl", [...request.split(" "), ...names, ...files], {
    cwd: certificates,
    stdio: "ignore",
  });
  return await runRabbit([
    `listeners.ssl.1 = 127.0.0.1:${securePort}`,
    `ssl_options.certfile = ${certificates}/server.crt`,
    `ssl_options.keyfile = ${certificates}/server.key`,
  ]);
}

const server = rabbitFound ? await runSecurely() : undefined;
let queues = 0;
const queue = () => `crm.events.${queues}`;
const quorum = { "x-queue-type": "quorum" };

async function asOwner<Result>(work: (channel: ConfirmChannel) => Promise<Result>): Promise<Result> {
  if (!server) throw new Error("no RabbitMQ");
  return await server.asOwner(work);
}

async function declare(name: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await asOwner((channel) => channel.assertQueue(name, { durable: true, arguments: args }));
}

async function send(name: string, bodies: readonly Buffer[], options: object = {}): Promise<void> {
  await asOwner(async (channel) => {
    for (const body of bodies) channel.sendToQueue(name, body, { persistent: true, ...options });
    await channel.waitForConfirms();
  });
}

const unacknowledged = (name: string): number => {
  const lines = server?.control("list_queues", "name", "messages_unacknowledged", "--no-table-headers");
  return Number(new RegExp(`^${name}\\s+(\\d+)$`, "m").exec(lines ?? "")?.[1]);
};

const broker: BrokerUnderTest | undefined = server && {
  consume() {
    queues += 1;
    return `{ amqp: "${server.url}", queue: ${queue()} }`;
  },
  async publish(events) {
    const type = "application/cloudevents+json";
    const bodies = events.map((event) => Buffer.from(JSON.stringify(event)));
    await send(queue(), bodies, { contentType: type });
  },
  publishRaw: (body) => send(queue(), [body]),
  kill: () => server.kill(),
  async start() {
    if (!server.isUp()) await server.start();
  },
  pending: () => Promise.resolve(unacknowledged(queue())),
  stop: () => server.stop(),
};

// The relay declares none; every other one is a quorum queue.
beforeAll(async () => {
  if (!server) return;
  for (let n = 1; n <= 20; n += 1) await declare(`crm.events.${n}`, n % 2 === 0 ? {} : quorum);
  // RabbitMQ 3.10 does not recover a quorum queue that was declared within a second or so of a crash.
  await declare("mortal", quorum);
}, 60_000);

describe.skipIf(!server)("a queue of RabbitMQ", { timeout: 60_000 }, () => {
  const opened: BusConsumer[] = [];
  const warnings = new Set<string>();
  afterEach(async () => {
    for (const consumer of opened.splice(0)) await consumer.close();
  });

  const of = (
    name: string,
    urls: readonly string[] = [server?.url ?? ""],
    timing: Parameters<typeof rabbitQueue>[1] = {},
  ) => rabbitQueue({ urls, queue: name }, timing);
  async function open(...args: Parameters<typeof of>): Promise<BusConsumer> {
    const consumer = await of(...args).open({
      lost: () => undefined,
      warned: (what) => void warnings.add(what),
    });
    opened.push(consumer);
    return consumer;
  }
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => Buffer.from(String(from + index)));
  const bodies = (messages: readonly BusMessage[]) => messages.map(({ body }) => body.toString());
  async function fetchAll(consumer: BusConsumer, count: number, most = 200): Promise<BusMessage[]> {
    const all: BusMessage[] = [];
    const fetched = async () =>
      all.push(...(await consumer.fetch(Math.min(most, count - all.length)))) >= count;
    await until(fetched, 20_000, `${count} messages`);
    return all;
  }
  const ready = async (name: string) =>
    await asOwner(async (channel) => (await channel.checkQueue(name)).messageCount);

  for (const [kind, args] of [
    ["classic", {}],
    ["quorum", quorum],
  ] as const) {
    it(`what is given back is somebody else's at once and in its place, what is acknowledged nobody's (${kind})`, async () => {
      const name = `shared ${kind}`;
      await declare(name, args);
      await send(name, numbered(1, 6));
      const one = await open(name);
      const [first, second, ...rest] = await fetchAll(one, 4);
      await one.acknowledge([second as BusMessage]);
      await one.giveBack(rest);
      await one.acknowledge([first as BusMessage]);
      await one.close();
      const two = await open(name);
      const others = await fetchAll(two, 4);
      expect(bodies(others).toSorted()).toEqual(["3", "4", "5", "6"]);
      expect(await two.backlog()).toEqual({ lag: 0, pending: 4 });
      await two.acknowledge(others);
      expect(await two.backlog()).toEqual({ lag: 0, pending: 0 });
      await two.close();
      expect(await ready(name)).toBe(0);
    });

    it(`what waits while nobody fetches is for others, and a fetch takes it up again (${kind})`, async () => {
      const name = `idle ${kind}`;
      await declare(name, args);
      await send(name, numbered(1, 10));
      const consumer = await open(name, undefined, { idleMs: 300 });
      const [first] = await fetchAll(consumer, 1);
      await until(async () => (await ready(name)) === 9, 10_000, "what waits to be given back");
      await consumer.acknowledge([first as BusMessage]);
      const consumers = () => asOwner(async (channel) => (await channel.checkQueue(name)).consumerCount);
      await until(async () => (await consumers()) === 0, 10_000, "the consumer to end");
      expect(bodies(await fetchAll(consumer, 9))).toEqual(numbered(2, 10).map(String));
    });
  }

  it("what is given back while the next ones are being fetched leaves nothing behind that takes messages", async () => {
    await declare("ahead");
    await send("ahead", numbered(1, 5));
    const consumer = await open("ahead");
    const messages = await fetchAll(consumer, 2);
    const ahead = consumer.fetch(200);
    await consumer.giveBack(messages);
    await consumer.giveBack(await ahead);
    const again = consumer.fetch(200);
    await consumer.giveBack(await again);
    await until(async () => (await ready("ahead")) === 5, 10_000, "all of them to be in the queue");
    const consumers = () => asOwner(async (channel) => (await channel.checkQueue("ahead")).consumerCount);
    await until(async () => (await consumers()) === 0, 10_000, "the consumer to end");
  });

  it("a delivery limit loses nothing, however often in vain a relay stores what it was given", async () => {
    await declare("limited", { ...quorum, "x-delivery-limit": 2 });
    await send("limited", numbered(1, 3));
    const consumer = await open("limited");
    for (let round = 0; round < 10; round += 1) await consumer.giveBack(await fetchAll(consumer, 3));
    const messages = await fetchAll(consumer, 3);
    expect(bodies(messages).toSorted()).toEqual(["1", "2", "3"]);
    expect(messages.map(({ headers }) => headers["x-delivery-count"])).toEqual(["1", "1", "1"]);
    await consumer.close();
    expect(bodies(await fetchAll(await open("limited"), 3)).toSorted()).toEqual(["1", "2", "3"]);
  });

  it("what comes back again is kept for 20 minutes, and is then for others once more", async () => {
    await declare("kept", quorum);
    await send("kept", numbered(1, 1));
    let now = 0;
    const consumer = await open("kept", undefined, { clock: () => now });
    const counts: (string | undefined)[] = [];
    for (const waitMs of [0, 0, 19 * 60_000, 60_000, 0]) {
      now += waitMs;
      const messages = await fetchAll(consumer, 1);
      counts.push(messages[0]?.headers["x-delivery-count"]);
      await consumer.giveBack(messages);
    }
    expect(counts).toEqual([undefined, "1", "1", "1", "2"]);
    expect([...warnings]).toEqual([]);
    for (let round = 0; round < 17; round += 1) {
      now += 20 * 60_000;
      await consumer.giveBack(await fetchAll(consumer, 1));
    }
    await fetchAll(consumer, 1);
    expect([...warnings]).toEqual([
      expect.stringContaining("messages of the queue kept came back 10 times and more"),
    ]);
  });

  it("is read over TLS by whoever trusts its certificate, and by nobody else", async () => {
    await declare("secure");
    const url = `amqps://guest:guest@localhost:${securePort}`;
    await expect(of("secure", [url]).look()).rejects.toThrow(/self-signed certificate/);
    await expect(of("secure", [url.replace("amqps", "amqp")]).look()).rejects.toThrow("with or without TLS?");
    const file = join(certificates, "sources.yaml");
    writeFileSync(file, `sources: { crm: { provider: json, consume: { amqp: "${url}", queue: secure } } }`);
    const checked = await finishCommand(["check"], {
      AELYST_API_TOKEN: "t",
      AELYST_API_URL: "http://127.0.0.1:9",
      DATA_DIR: join(certificates, "data"),
      SOURCES_FILE: file,
      NODE_EXTRA_CA_CERTS: join(certificates, "server.crt"),
    });
    expect(checked.out).toContain(
      `ok       bus of crm: queue secure of RabbitMQ at localhost:${securePort}: the classic queue is there`,
    );
  });

  it("a message without a name has the same position however often it is delivered, and its own one", async () => {
    await declare("nameless", quorum);
    await send("nameless", [Buffer.from('{"a":1}')], {
      headers: { tenant: "x", at: { "!": "int64", value: 5 } },
    });
    await send("nameless", [Buffer.from('{"a":1}')], { headers: { tenant: "y" } });
    await send("nameless", [Buffer.from('{"a":1}')], { headers: { tenant: "y" }, messageId: "m-1" });
    const positions: (readonly string[])[] = [];
    for (let round = 0; round < 3; round += 1) {
      const consumer = await open("nameless");
      const messages = await fetchAll(consumer, 3);
      positions.push(messages.map(({ position }) => position).toSorted());
      await consumer.close();
    }
    expect(new Set(positions[0]).size).toBe(3);
    expect(positions[0]).toContain("nameless id m-1");
    expect(positions[1]).toEqual(positions[0]);
    expect(positions[2]).toEqual(positions[0]);
  });

  it("fewer are fetched where they are large, and what is too much goes back", async () => {
    await declare("large");
    await send("large", numbered(1, 500));
    await send(
      "large",
      Array.from({ length: 90 }, () => Buffer.alloc(1_000_000, "x")),
    );
    const consumer = await open("large");
    await consumer.acknowledge(await fetchAll(consumer, 100, 20));
    let [count, largeHeld] = [100, 0];
    while (count < 590) {
      const messages = await consumer.fetch(200);
      const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
      expect(bytes).toBeLessThanOrEqual(8 * 1_048_576);
      const { pending } = await consumer.backlog();
      if (messages.every(({ body }) => body.length > 1_000)) largeHeld = Math.max(largeHeld, pending ?? 0);
      await consumer.acknowledge(messages);
      count += messages.length;
    }
    expect(largeHeld).toBeGreaterThan(8);
    expect(largeHeld).toBeLessThan(45);
    expect(await ready("large")).toBe(0);
  });

  it("a queue that is deleted is away, and is read again once its owner has declared it anew", async () => {
    await declare("gone");
    const consumer = await open("gone");
    const fetching = consumer.fetch(10).catch(() => undefined);
    await asOwner((channel) => channel.deleteQueue("gone"));
    await fetching;
    await expect(consumer.fetch(10)).rejects.toThrow("the queue gone was deleted or has moved");
    await consumer.close();
    await expect(open("gone")).rejects.toThrow("the queue gone is not there; it is yours to declare");
    await declare("gone");
    await send("gone", numbered(1, 1));
    expect(bodies(await fetchAll(await open("gone"), 1))).toEqual(["1"]);
  });

  it("a user who may read is enough; what a user may not, and what is not there, is said without the password", async () => {
    await declare("permitted");
    await send("permitted", numbered(1, 1));
    server?.control("add_user", "reader", "s3cr%t/ü");
    server?.control("set_permissions", "reader", "", "", "permitted");
    server?.control("add_vhost", "crm/eu");
    server?.control("set_permissions", "-p", "crm/eu", "guest", "", "", ".*");
    const address = (user: string, path = "") => [`amqp://${user}@127.0.0.1:${server?.port}${path}`];
    const reader = `reader:${encodeURIComponent("s3cr%t/ü")}`;
    expect(await of("permitted", address(reader)).look()).toBe(
      "the classic queue is there: 1 messages to come, 0 consumers",
    );
    const consumer = await open("permitted", address(reader));
    await consumer.acknowledge(await fetchAll(consumer, 1));
    const wrong: [string, readonly string[], string][] = [
      ["limited", address(reader), "the user may not read the queue limited"],
      ["permitted", address("reader:wrong"), "the user or the password is refused"],
      ["permitted", address(reader, "/nowhere"), "the virtual host nowhere is not there"],
      [
        "permitted",
        address(reader, "/crm%2Feu"),
        "the virtual host crm/eu is not there, or the user may not",
      ],
      ["permitted", address("guest:guest", "/crm%2Feu"), "no queue 'permitted' in vhost 'crm/eu'"],
    ];
    for (const [name, urls, problem] of wrong) {
      const error = await of(name, urls)
        .look()
        .catch((reason: unknown) => reason);
      expect(String(error)).toContain(problem);
      expect(`${String(error)} ${of(name, urls).place}`).not.toMatch(/s3cr|wrong/);
    }
  });

  it("looking takes nothing, names the kind, and warns of what a delivery limit can lose; a stream is refused", async () => {
    await declare("looked", quorum);
    await send("looked", numbered(1, 2));
    expect(await of("looked").look()).toMatch(
      /^the quorum queue is there: 2 messages to come, 0 consumers; WARNING .*x-delivery-limit is -1$/,
    );
    const [first] = await fetchAll(await open("looked"), 1);
    expect(first?.headers["x-delivery-count"]).toBeUndefined();
    await declare("streamed", { "x-queue-type": "stream" });
    await expect(of("streamed").look()).rejects.toThrow("streamed is a stream");
    await expect(open("streamed")).rejects.toThrow("streamed is a stream");
  });

  it("a queue with a single active consumer goes to the next one when the first leaves", async () => {
    await declare("single", { ...quorum, "x-single-active-consumer": true });
    const [one, two] = [await open("single"), await open("single")];
    await send("single", numbered(1, 5));
    const [first] = await fetchAll(one, 1);
    expect(await two.fetch(10)).toEqual([]);
    await one.acknowledge([first as BusMessage]);
    await one.close();
    expect(bodies(await fetchAll(two, 4))).toEqual(["2", "3", "4", "5"]);
  });

  it("of several servers the next one is tried; what nobody answers at is told of each", async () => {
    await declare("several");
    const dead = "amqp://guest:secret@127.0.0.1:9";
    const consumer = await open("several", [dead, server?.url ?? ""]);
    expect(await consumer.backlog()).toEqual({ lag: 0, pending: 0 });
    await expect(of("several", [dead, dead]).look()).rejects.toThrow(
      /^127\.0\.0\.1:9: .*ECONNREFUSED.*; 127\.0\.0\.1:9: .*ECONNREFUSED/,
    );
  });

  it("a server that dies ends every call, leaves no socket behind, and is read again when it is back", async () => {
    await send("mortal", numbered(1, 3));
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const before = sockets();
    const consumer = await open("mortal");
    const messages = await fetchAll(consumer, 3);
    const fetching = consumer.fetch(10).catch((error: unknown) => error);
    await server?.kill();
    expect(await fetching).toEqual(expect.anything());
    await expect(consumer.fetch(10)).rejects.toThrow();
    await expect(consumer.acknowledge(messages)).rejects.toThrow();
    await expect(consumer.giveBack(messages)).rejects.toThrow();
    await expect(consumer.backlog()).rejects.toThrow();
    await consumer.close();
    await expect(open("mortal")).rejects.toThrow("ECONNREFUSED");
    await until(() => sockets() === before, 5_000, "the sockets to be gone");
    await server?.start();
    expect(bodies(await fetchAll(await open("mortal"), 3)).toSorted()).toEqual(["1", "2", "3"]);
  });
});

// Its end stops the server.
busGuarantees("RabbitMQ", broker);
