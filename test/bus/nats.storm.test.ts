import { headers as natsHeaders } from "@nats-io/transport-node";
import {
  AckPolicy,
  DeliverPolicy,
  RetentionPolicy,
  type ConsumerConfig,
  type JsMsg,
  type StreamConfig,
} from "@nats-io/jetstream";
import { describe, expect, it } from "vitest";
import type { BusMessage } from "../../src/bus/consumer.ts";
import { startPump } from "../../src/bus/pump.ts";
import { natsStream } from "../../src/bus/nats/consumer.ts";
import type { NatsSettings } from "../../src/bus/nats/settings.ts";
import { insistOnBroker } from "../helpers/engines.ts";
import { natsFound, runNats } from "../helpers/nats-server.ts";
import { busGuarantees } from "./bus.ts";
import type { BrokerUnderTest } from "./stage.ts";
import { until } from "../helpers/relay-process.ts";

if (!natsFound) insistOnBroker("nats");
const server = natsFound ? await runNats() : undefined;
const url = server?.url ?? "";
const waitMs = 30_000;
let streams = 0;
const stream = () => `CRM${streams}`;
const subject = () => `crm${streams}.users`;

async function makeStream(name: string, more: Partial<StreamConfig> = {}): Promise<void> {
  const subjects = [`${name.toLowerCase()}.>`];
  await server?.asOwner(({ api }) => api.streams.add({ name, subjects, ...more }));
}

const broker: BrokerUnderTest | undefined = server && {
  async consume() {
    streams += 1;
    await makeStream(stream());
    return `{ nats: "${url}", stream: ${stream()} }`;
  },
  publish: (events) =>
    server.asOwner(async ({ client }) => {
      await Promise.all(events.map((event) => client.publish(subject(), JSON.stringify(event))));
    }),
  publishRaw: (body) => server.asOwner(async ({ client }) => void (await client.publish(subject(), body))),
  kill: () => server.kill(),
  async start() {
    if (!server.isRunning()) await server.start();
  },
  pending: () =>
    server.asOwner(async ({ api, client }) => {
      const { num_ack_pending: unacknowledged } = await api.consumers.info(stream(), "contact-relay");
      if (unacknowledged === 0) return 0;
      // That counts what was given back, too: whoever asks is given it, before anything new.
      const consumer = await client.consumers.get(stream(), "contact-relay");
      const given: JsMsg[] = [];
      const fetched = await consumer.fetch({ max_messages: unacknowledged, expires: 1_000 });
      for await (const message of fetched) given.push(message);
      for (const message of given) message.nak();
      return unacknowledged - given.filter(({ redelivered }) => redelivered).length;
    }),
  stop: () => server.stop(),
};

describe.skipIf(!server)("a JetStream stream", () => {
  const listened: number[] = [];
  const warnings: string[] = [];
  const listener = {
    lost: (count: number) => void listened.push(count),
    warned: (what: string) => void warnings.push(what),
  };
  const settings = (name: string, more: Partial<NatsSettings> = {}): NatsSettings => ({
    urls: [url],
    stream: name,
    subjects: [],
    durable: "d",
    start: "first",
    credentials: undefined,
    ...more,
  });
  const open = (name: string, more: Partial<NatsSettings> = {}) =>
    natsStream(settings(name, more)).open(listener);
  const look = (name: string, more: Partial<NatsSettings> = {}) => natsStream(settings(name, more)).look();
  const add = (name: string, from: number, to: number, kind = "a") =>
    server?.asOwner(async ({ client }) => {
      for (let n = from; n <= to; n += 1) await client.publish(`${name.toLowerCase()}.${kind}`, String(n));
    });
  const bodies = (messages: readonly BusMessage[]) => messages.map(({ body }) => body.toString());
  const purgeTo = (name: string, sequence: number) =>
    server?.asOwner(({ api }) => api.streams.purge(name, { seq: sequence }));
  const info = (name: string) => server?.asOwner(({ api }) => api.consumers.info(name, "d"));
  const makeConsumer = (name: string, config: Partial<ConsumerConfig>) =>
    server?.asOwner(({ api }) =>
      api.consumers.add(name, { durable_name: "d", ack_policy: AckPolicy.Explicit, ...config }),
    );

  it("the durable consumer is made with explicit acknowledgement and without a limit to redelivery", async () => {
    await makeStream("MADE");
    const consumer = await open("MADE", { subjects: ["made.a"] });
    await add("MADE", 1, 2);
    await add("MADE", 3, 3, "b");
    expect(bodies(await consumer.fetch(10))).toEqual(["1", "2"]);
    await consumer.close();
    expect((await info("MADE"))?.config).toMatchObject({
      ack_policy: "explicit",
      ack_wait: 30_000_000_000,
      max_deliver: -1,
      filter_subject: "made.a",
      deliver_policy: "all",
    });
  });

  it("what is there comes at once, and what comes is not waited for until there is more", async () => {
    await makeStream("SOON");
    await add("SOON", 1, 3);
    const consumer = await open("SOON");
    let from = performance.now();
    expect(await consumer.fetch(200)).toHaveLength(3);
    expect(performance.now() - from).toBeLessThan(500);
    setTimeout(() => void add("SOON", 4, 4), 100);
    from = performance.now();
    expect(bodies(await consumer.fetch(200))).toEqual(["4"]);
    expect(performance.now() - from).toBeLessThan(700);
    from = performance.now();
    expect(await consumer.fetch(200)).toEqual([]);
    expect(performance.now() - from).toBeGreaterThan(500);
    await consumer.close();
  });

  it("what is given back is somebody else's at once, and what is acknowledged nobody's", async () => {
    await makeStream("SHARED");
    await add("SHARED", 1, 6);
    const [one, two] = [await open("SHARED"), await open("SHARED")];
    const [first, second, ...rest] = await one.fetch(4);
    await one.acknowledge([first, second] as BusMessage[]);
    expect((await info("SHARED"))?.num_ack_pending).toBe(2);
    await one.giveBack(rest);
    await one.close();
    const found: string[] = [];
    for (let tries = 0; found.length < 4 && tries < 5; tries += 1) found.push(...bodies(await two.fetch(10)));
    expect(found.toSorted()).toEqual(["3", "4", "5", "6"]);
    expect(await two.backlog()).toEqual({ lag: 0, pending: 4 });
    await two.close();
  });

  it("what is given back with a delay comes after it, and in the same place", async () => {
    await makeStream("LATER");
    await add("LATER", 1, 1);
    const consumer = await open("LATER");
    const messages = await consumer.fetch(1);
    const from = performance.now();
    await consumer.giveBack(messages, 700);
    const again: BusMessage[] = [];
    while (again.length === 0) again.push(...(await consumer.fetch(1)));
    expect(performance.now() - from).toBeGreaterThan(600);
    expect(again).toEqual(messages);
    await consumer.close();
  });

  it("what is kept is not given to others, however soon the broker would", async () => {
    await makeStream("KEPT");
    await makeConsumer("KEPT", { ack_wait: 1_000_000_000 });
    await add("KEPT", 1, 2);
    const [one, two] = [await open("KEPT"), await open("KEPT")];
    const messages = await one.fetch(2);
    const others = two.fetch(2).then(async (first) => [...first, ...(await two.fetch(2))]);
    for (let round = 0; round < 8; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await one.keep?.(messages);
    }
    expect(await others).toEqual([]);
    await one.close();
    const found: BusMessage[] = [];
    while (found.length < 2) {
      const given = await two.fetch(2);
      // The broker waits a second only: what is not acknowledged at once would be given once more.
      await two.acknowledge(given);
      found.push(...given);
    }
    expect(bodies(found).toSorted()).toEqual(["1", "2"]);
    await two.close();
  });

  it("a consumer that is told to start with what is new is given nothing of before; one that is there keeps its place", async () => {
    await makeStream("LATE");
    await add("LATE", 1, 3);
    const consumer = await open("LATE", { start: "new" });
    await add("LATE", 4, 5);
    const messages = await consumer.fetch(10);
    expect(bodies(messages)).toEqual(["4", "5"]);
    await consumer.acknowledge(messages);
    await consumer.close();
    const again = await open("LATE", { start: "first" });
    expect(await again.fetch(10)).toEqual([]);
    await again.close();
    expect((await info("LATE"))?.config.deliver_policy).toBe(DeliverPolicy.New);
  });

  it("fewer are fetched where they are large, and each of them once", async () => {
    await makeStream("LARGE");
    const large = Buffer.alloc(900_000, "x");
    await server?.asOwner(async ({ client }) => {
      for (let n = 0; n < 30; n += 1) await client.publish("large.a", large);
    });
    const consumer = await open("LARGE");
    const places: string[] = [];
    let round = 0;
    while (places.length < 30) {
      const messages = await consumer.fetch(200);
      expect(messages.length * large.length).toBeLessThanOrEqual(8 * 1_048_576);
      round += 1;
      if (round === 2) {
        await consumer.giveBack(messages);
        continue;
      }
      places.push(...messages.map(({ position }) => position));
      await consumer.acknowledge(messages);
    }
    expect(new Set(places).size).toBe(30);
    expect(await consumer.fetch(200)).toEqual([]);
    expect(await consumer.backlog()).toEqual({ lag: 0, pending: 0 });
    await consumer.close();
  });

  it("a message tells when and where the stream took it, and its headers in lower case", async () => {
    await makeStream("HEADED");
    await server?.asOwner(async ({ connection, client }) => {
      const headers = natsHeaders();
      headers.set("ce-Id", "1");
      headers.set("CE-Type", "user.changed");
      headers.set("Content-Type", "application/json");
      headers.set("Authorization", "secret");
      await client.publish("headed.a", "{}", { headers });
      const malformed = natsHeaders();
      (malformed as unknown as { headers: Map<string, string[]> }).headers.set("not a name", ["x"]);
      connection.publish("headed.a", "[]", { headers: malformed });
      await connection.flush();
    });
    const consumer = await open("HEADED");
    const messages = [...(await consumer.fetch(10))];
    if (messages.length < 2) messages.push(...(await consumer.fetch(10)));
    const [first, second] = messages;
    expect(first?.headers).toEqual({
      "ce-id": "1",
      "ce-type": "user.changed",
      "content-type": "application/json",
    });
    expect(first?.position).toMatch(/^HEADED 1 \d{19}$/);
    expect(Math.abs(Date.now() - (first?.at ?? 0))).toBeLessThan(60_000);
    expect(second).toMatchObject({ headers: { "content-type": "application/json" } });
    expect(second?.body.toString()).toBe("[]");
    await consumer.close();
  });

  it("a stream of the same name that was made anew has other places", async () => {
    await makeStream("ANEW");
    await add("ANEW", 1, 1);
    const before = await open("ANEW");
    const [old] = await before.fetch(1);
    await before.close();
    await server?.asOwner(({ api }) => api.streams.delete("ANEW"));
    await makeStream("ANEW");
    await add("ANEW", 1, 1);
    const after = await open("ANEW");
    const [made] = await after.fetch(1);
    expect(made?.position).toMatch(/^ANEW 1 /);
    expect(made?.position).not.toBe(old?.position);
    await after.close();
  });

  it("limits of the consumer to what may be asked for, or be in hand, are kept to", async () => {
    await makeStream("BOUND");
    await add("BOUND", 1, 7);
    await makeConsumer("BOUND", {
      max_batch: 3,
      max_bytes: 100_000,
      max_expires: 500_000_000,
      max_ack_pending: 5,
    });
    const consumer = await open("BOUND");
    const first = await consumer.fetch(200);
    expect(bodies(first)).toEqual(["1", "2", "3"]);
    expect(bodies(await consumer.fetch(200))).toEqual(["4", "5"]);
    const from = performance.now();
    expect(await consumer.fetch(200)).toEqual([]);
    expect(performance.now() - from).toBeGreaterThan(150);
    await consumer.acknowledge(first);
    expect(bodies(await consumer.fetch(200))).toEqual(["6", "7"]);
    await consumer.close();
  });

  it("a mirror is pulled from as its origin is, by subject too", async () => {
    await makeStream("ORIGIN");
    await add("ORIGIN", 1, 2);
    await add("ORIGIN", 3, 3, "b");
    await server?.asOwner(({ api }) => api.streams.add({ name: "MIRROR", mirror: { name: "ORIGIN" } }));
    const [whole, part] = [
      await open("MIRROR"),
      await open("MIRROR", { durable: "e", subjects: ["origin.b"] }),
    ];
    const found: BusMessage[] = [];
    while (found.length < 3) found.push(...(await whole.fetch(10)));
    expect(bodies(found)).toEqual(["1", "2", "3"]);
    expect(bodies(await part.fetch(10))).toEqual(["3"]);
    await Promise.all([whole.close(), part.close()]);
  });

  it("a work queue forgets what is acknowledged, and that is not taken for lost", async () => {
    listened.length = 0;
    await makeStream("QUEUE", { retention: RetentionPolicy.Workqueue });
    await add("QUEUE", 1, 5);
    const [one, two] = [await open("QUEUE"), await open("QUEUE")];
    for (const consumer of [one, two, one]) {
      await consumer.acknowledge(await consumer.fetch(2));
      await Promise.all([one.backlog(), two.backlog()]);
    }
    expect(listened).toEqual([]);
    expect(await two.backlog()).toEqual({ lag: 0, pending: 0 });
    await Promise.all([one.close(), two.close()]);
  });

  describe("what its owner removes before anybody has read it", () => {
    it("is told, and never passed over in silence", async () => {
      listened.length = 0;
      await makeStream("TRIMMED");
      await add("TRIMMED", 1, 5);
      await purgeTo("TRIMMED", 3);
      const consumer = await open("TRIMMED");
      await consumer.acknowledge(await consumer.fetch(2));
      await consumer.backlog();
      expect(listened).toEqual([]);
      await add("TRIMMED", 6, 12);
      await purgeTo("TRIMMED", 10);
      expect(bodies(await consumer.fetch(10))).toEqual(["10", "11", "12"]);
      expect(listened).toEqual([5]);
      await add("TRIMMED", 13, 16);
      await purgeTo("TRIMMED", 17);
      expect(await consumer.fetch(10)).toEqual([]);
      await consumer.backlog();
      expect(listened).toEqual([5, 4]);
      await consumer.backlog();
      await add("TRIMMED", 17, 17);
      expect(bodies(await consumer.fetch(10))).toEqual(["17"]);
      expect(listened).toEqual([5, 4]);
      await consumer.close();
    });

    it("is told when it happened while nobody was connected", async () => {
      listened.length = 0;
      await makeStream("ABSENT", { max_msgs: 3 });
      await add("ABSENT", 1, 2);
      const consumer = await open("ABSENT");
      await consumer.acknowledge(await consumer.fetch(2));
      await consumer.close();
      await add("ABSENT", 3, 10);
      const again = await open("ABSENT");
      expect(bodies(await again.fetch(10))).toEqual(["8", "9", "10"]);
      expect(listened).toEqual([5]);
      await again.close();
    });

    it("is not mistaken for what others were given, or what was given back", async () => {
      listened.length = 0;
      await makeStream("OTHERS");
      await add("OTHERS", 1, 40);
      const [one, two] = [await open("OTHERS"), await open("OTHERS")];
      for (let round = 0; round < 4; round += 1) {
        const [mine, others] = [await one.fetch(3), await two.fetch(4)];
        await one.giveBack(mine);
        await two.acknowledge(others);
        await Promise.all([one.backlog(), two.backlog()]);
      }
      expect(listened).toEqual([]);
      await Promise.all([one.close(), two.close()]);
    });

    it("cannot be known of a part of the stream, and nothing is told", async () => {
      listened.length = 0;
      await makeStream("PART");
      const consumer = await open("PART", { subjects: ["part.a"] });
      await add("PART", 1, 5, "b");
      await add("PART", 6, 6, "a");
      expect(bodies(await consumer.fetch(10))).toEqual(["6"]);
      await consumer.backlog();
      expect(listened).toEqual([]);
      await consumer.close();
    });
  });

  describe("what is wrong with it", () => {
    it("a stream that is not there is waited for, and never made", async () => {
      const reason = "the stream NONE is not there: it is for you to make";
      await expect(open("NONE")).rejects.toThrow(reason);
      await expect(look("NONE")).rejects.toThrow(reason);
      expect(
        await server?.asOwner(async ({ api }) => (await api.streams.names().next()).includes("NONE")),
      ).toBe(false);
    });

    it("a subject that the stream has nothing of is refused", async () => {
      await makeStream("STRAY");
      const reason = "the stream STRAY has nothing of orders.>: its subjects are stray.>";
      await expect(open("STRAY", { subjects: ["orders.>"] })).rejects.toThrow(reason);
    });

    it("several subjects are refused where the server is too old for them, with what to do", async () => {
      await makeStream("SEVERAL");
      const several = { subjects: ["several.a", "several.b"] };
      await expect(look("SEVERAL", several)).rejects.toThrow(
        "several subjects need nats-server 2.10 or newer",
      );
      await expect(open("SEVERAL", several)).rejects.toThrow("name one subject, or none");
    });

    it("a consumer that cannot work is refused with every reason, and left as it is", async () => {
      await makeStream("PUSHED");
      await makeConsumer("PUSHED", { ack_policy: AckPolicy.All, deliver_subject: "somewhere" });
      const reason =
        "the durable consumer d of the stream PUSHED cannot be used: it pushes, and has to be a pull consumer; " +
        "its ack_policy is all, and has to be explicit";
      await expect(open("PUSHED")).rejects.toThrow(reason);
      await expect(look("PUSHED")).rejects.toThrow(reason);
      expect((await info("PUSHED"))?.config.ack_policy).toBe("all");
    });

    it("a consumer that can lose messages is used as it is, with a warning", async () => {
      warnings.length = 0;
      await makeStream("LIMITED");
      await makeConsumer("LIMITED", { max_deliver: 5, filter_subject: "limited.a" });
      const consumer = await open("LIMITED");
      await consumer.close();
      expect(warnings).toEqual([
        expect.stringContaining("its max_deliver is 5") as string,
        expect.stringContaining("it delivers limited.a, and the source asks for all subjects") as string,
      ]);
      expect(await look("LIMITED")).toMatch(/0 messages to come.*WARNING its max_deliver is 5.*WARNING/);
      expect((await info("LIMITED"))?.config.max_deliver).toBe(5);
    });

    it("one that is deleted while it is pulled from is told of, and made anew by who opens again", async () => {
      await makeStream("DELETED");
      const consumer = await open("DELETED");
      await add("DELETED", 1, 1);
      const messages = await consumer.fetch(1);
      await server?.asOwner(({ api }) => api.consumers.delete("DELETED", "d"));
      await expect(consumer.acknowledge(messages)).rejects.toThrow(/no responders/);
      await expect(consumer.fetch(1)).rejects.toThrow("the durable consumer d is gone");
      await expect(consumer.backlog()).rejects.toThrow("the durable consumer d is gone");
      await consumer.close();
      const again = await open("DELETED");
      expect(bodies(await again.fetch(1))).toEqual(["1"]);
      await again.close();
    });

    it("looking makes nothing and takes nothing", async () => {
      await makeStream("LOOKED");
      await add("LOOKED", 1, 2);
      expect(await look("LOOKED")).toBe(
        "the durable consumer d is made at the first start, at the first message",
      );
      expect(await look("LOOKED", { start: "new" })).toContain("at what is new from then on");
      await expect(info("LOOKED")).rejects.toThrow("consumer not found");
      const consumer = await open("LOOKED");
      expect(await look("LOOKED")).toBe(
        "the durable consumer d is there: 2 messages to come, 0 not acknowledged",
      );
      expect(await consumer.backlog()).toEqual({ lag: 2, pending: 0 });
      await consumer.close();
    });
  });

  it("a relay that waits for its stream, and then for its server, is told once of each and misses nothing", async () => {
    const told: string[] = [];
    const stored: string[] = [];
    const pump = startPump({
      broker: natsStream(settings("AWAITED")),
      async store(messages) {
        stored.push(...bodies(messages));
        return { stored: messages.length, duplicates: 0, unreadable: 0 };
      },
      refusal: async () => undefined,
      clock: Date.now,
      observer: {
        fetched: () => undefined,
        stored: () => undefined,
        lost: (count) => told.push(`lost ${count}`),
        warned: (what) => told.push(what),
        away: (reason) => told.push(reason),
        back: () => told.push("back"),
      },
    });
    try {
      await until(() => told.length > 0, waitMs, "the stream to be missed");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await makeStream("AWAITED");
      await add("AWAITED", 1, 3);
      await until(() => stored.length === 3, waitMs, "what was waited for");
      await until(async () => (await info("AWAITED"))?.num_ack_pending === 0, waitMs, "acknowledgement");
      await server?.kill();
      await until(() => told.length > 2, waitMs, "the server to be missed");
      expect(pump.state()).toMatchObject({ state: "away", lag: null, pending: null });
      await server?.start();
      await add("AWAITED", 4, 5);
      await until(() => stored.includes("5"), waitMs, "what came later");
    } finally {
      await pump.close();
    }
    expect(new Set(stored)).toEqual(new Set(["1", "2", "3", "4", "5"]));
    expect(told).toEqual([
      "the stream AWAITED is not there: it is for you to make",
      "back",
      expect.any(String) as string,
      "back",
    ]);
  });

  it("every method rejects when the server goes, and nothing of it is left behind", async () => {
    await makeStream("GONE");
    await add("GONE", 1, 2);
    const [own, other] = [await open("GONE"), await open("GONE")];
    const messages = await own.fetch(2);
    const fetching = expect(other.fetch(1)).rejects.toThrow();
    await server?.kill();
    await fetching;
    await expect(own.acknowledge(messages)).rejects.toThrow();
    await expect(own.giveBack(messages)).rejects.toThrow();
    await expect(own.keep?.(messages)).rejects.toThrow();
    await expect(own.fetch(1)).rejects.toThrow();
    await expect(own.backlog()).rejects.toThrow();
    await Promise.all([own.close(), other.close()]);
    await expect(open("GONE")).rejects.toThrow(/127\.0\.0\.1:\d+: connection refused/);
    await server?.start();
    const again = await open("GONE");
    const { lag, pending } = await again.backlog();
    expect((lag ?? 0) + (pending ?? 0)).toBe(2);
    await again.close();
  });
});

// Its end stops the server.
busGuarantees("NATS JetStream", broker);
