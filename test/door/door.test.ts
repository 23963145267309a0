import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDryRelay, type DryRelay } from "../../src/commands/dry-relay.ts";
import { doorTimes, openDoor, type Door, type DoorOptions, type DoorTimes } from "../../src/http/door.ts";
import { headersMax, targetLengthMax } from "../../src/http/head-limits.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { until } from "../helpers/relay-process.ts";
import { credential, sources } from "../fuzz/relay.ts";
import { exchange, lastRequest, request, statusesIn, stranger, type Stranger } from "./sockets.ts";

/** The same bounds, so short that a test can wait for them. */
const quick: DoorTimes = {
  headMs: 300,
  requestMs: 600,
  keepAliveMs: 800,
  silenceMs: 500,
  checkEveryMs: 50,
  patienceMs: 150,
};
const aForm = { "Content-Type": "application/x-www-form-urlencoded" };
const form = `/webhooks/form?key=${credential}`;

let relay: DryRelay;
let door: Door;
let logged: string[];
let metrics = createMetrics({ ofProcess: false });
let strangers: Stranger[];
const printed = vi.spyOn(console, "error");
const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);

async function open(own: Partial<DoorOptions> = {}): Promise<void> {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  door = await openDoor({
    fetch: relay.fetch,
    host: "127.0.0.1",
    port: 0,
    connectionsMax: 1_000,
    log: createLogger({ level: "info", stream }),
    metrics,
    clock: () => performance.now(),
    times: quick,
    ...own,
  });
}

async function connected(firstWords = ""): Promise<Stranger> {
  const one = await stranger(door.port, firstWords);
  strangers.push(one);
  return one;
}

async function answersAtOnce(withinMs = 2_000): Promise<void> {
  const startedAt = performance.now();
  expect(statusesIn(await exchange(door.port, lastRequest("GET", "/healthz")))).toEqual([200]);
  expect(performance.now() - startedAt).toBeLessThan(withinMs);
}

beforeEach(() => {
  process.on("unhandledRejection", note);
  unhandled.length = 0;
  printed.mockClear();
  relay = createDryRelay(sources, Date.now, 10_000);
  metrics = createMetrics({ ofProcess: false });
  logged = [];
  strangers = [];
});

afterEach(async () => {
  for (const one of strangers) one.leave();
  await door.close(1_000);
  process.off("unhandledRejection", note);
  expect(relay.takeErrors()).toEqual([]);
  expect(printed).not.toHaveBeenCalled();
  expect(unhandled).toEqual([]);
});

it("the bounds in earnest are ten seconds for a head, thirty for a request, and are looked after every two", async () => {
  await open({ times: doorTimes, connectionsMax: 77 });
  expect(door.server).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    timeout: 30_000,
    maxHeadersCount: 101,
    maxConnections: 77,
  });
  expect(doorTimes.checkEveryMs).toBe(2_000);
});

describe("a connection that only holds its place is closed in time", () => {
  const head = request("GET", "/healthz");
  const longBody = request("POST", form, { ...aForm, "Content-Length": "1000" });

  it.each<[string, string, string, number[]]>([
    ["sends nothing at all", "", "", [408]],
    ["sends half a request line", "POST /webh", "", [408]],
    ["drips its headers", "GET /healthz HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n", [408]],
    ["drips empty lines", "\r\n", "\r\n", [408]],
    ["drips a body", longBody, "a", [408]],
    [
      "drips a body that nobody reads",
      head.replace("\r\n\r\n", "\r\nContent-Length: 99\r\n\r\n"),
      "a",
      [200, 408],
    ],
    ["asks once, and then drips empty lines", head, "\r\n", [200]],
    ["asks once, and then half a line", `${head}GET`, "", [200, 408]],
    ["asks once, and then nothing", head, "", [200]],
  ])("one that %s", async (_what, firstWords, drip, statuses) => {
    await open();
    const one = await connected(firstWords);
    if (drip !== "") one.drip(drip, 40);
    // Node keeps a connection a second longer than it tells its client.
    expect(await one.closed).toBeLessThan(quick.keepAliveMs + 1_000 + 1_500);
    expect(statusesIn(one.received())).toEqual(statuses);
    expect(relay.takeAccepted()).toEqual([]);
    await answersAtOnce();
  });

  it("one that does not take its answers", async () => {
    await open();
    const one = await connected();
    one.socket.pause();
    one.drip(request("GET", "/healthz").repeat(1_000), 5);
    const served = new Promise((resolve) => door.server.once("connection", resolve));
    await answersAtOnce();
    await served;
    await until(async () => (await openCount()) === 0, 15_000, "the connection to be closed");
  });

  it("but not one whose answer takes the relay longer than a client may be silent", async () => {
    const late = async () => {
      await sleep(quick.silenceMs * 3);
      return new Response("late");
    };
    await open({ fetch: late });
    expect(await exchange(door.port, lastRequest("GET", "/admin/slow"))).toMatch(/ 200 OK[\s\S]*late$/);
  });
});

async function openCount(): Promise<number> {
  return await new Promise((resolve, reject) => {
    door.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

it("three hundred strangers with half a request each keep nobody waiting, and are gone in time", async () => {
  await open({ times: { ...quick, headMs: 1_500, requestMs: 1_500 } });
  await Promise.all(Array.from({ length: 300 }, () => connected("POST /webhooks/fo")));
  await until(async () => (await openCount()) === 300, 5_000, "all three hundred to be let in");
  const sent = await exchange(
    door.port,
    lastRequest("POST", form, aForm, "email=ada%40example.com&name=Ada"),
  );
  expect(statusesIn(sent)).toEqual([200]);
  expect(relay.takeAccepted()).toHaveLength(1);
  await Promise.all(strangers.map((one) => one.closed));
  expect(await openCount()).toBe(0);
  expect(logged).toEqual([]);
});

describe("when all places are taken", () => {
  const places = { connectionsMax: 20, times: { ...quick, headMs: 60_000, requestMs: 60_000 } };
  const taken = async (firstWords: string) =>
    await Promise.all(Array.from({ length: 20 }, () => connected(firstWords)));
  const dropped = async (reason: string) =>
    Number(
      new RegExp(`relay_connections_dropped_total{reason="${reason}"} (\\d+)`).exec(
        (await metrics.render()).body,
      )?.[1] ?? 0,
    );
  const drips = request("POST", form, { ...aForm, "Content-Length": "1000" });

  it("those who asked for nothing yet make room for the next one, after a moment's patience", async () => {
    await open(places);
    await taken("GET /he");
    await sleep(quick.patienceMs * 2);
    await connected();
    await answersAtOnce();
    await answersAtOnce();
    expect(await dropped("idle")).toBe(20);
  });

  it("those who are being served keep their places; new ones are refused, counted, and told of once a minute", async () => {
    let now = 1_000_000;
    await open({ ...places, clock: () => now });
    await taken(drips);
    await until(async () => (await openCount()) === 20, 5_000, "all places to be taken");
    const turnAway = async () => {
      const one = await connected();
      await one.closed;
      expect(one.received()).toBe("");
    };
    for (let count = 0; count < 5; count += 1) await turnAway();
    expect(strangers.slice(0, 20).every((one) => one.isOpen())).toBe(true);
    expect(await dropped("full")).toBe(5);
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0] ?? "")).toMatchObject({ level: "warn", connectionsMax: 20, refused: 1 });
    now += 60_000;
    await turnAway();
    expect(logged).toHaveLength(2);
    expect(JSON.parse(logged[1] ?? "")).toMatchObject({ refused: 5 });
    for (const one of strangers) one.leave();
    await until(async () => (await openCount()) === 0, 5_000, "the strangers to be gone");
    await answersAtOnce();
  });
});

describe("a head beyond its bounds", () => {
  it("is 414 for a target that is too long, and 200 up to there", async () => {
    await open();
    const target = (length: number) => `/healthz?${"a".repeat(length - "/healthz?".length)}`;
    const tooLong = await exchange(door.port, request("GET", target(targetLengthMax + 1)));
    expect(tooLong).toMatch(/^HTTP\/1\.1 414 [\s\S]*"error":{"code":"target-too-long"/);
    expect(tooLong).toMatch(/connection: close/i);
    expect(statusesIn(await exchange(door.port, lastRequest("GET", target(targetLengthMax))))).toEqual([200]);
  });

  it("is 431 for too many headers, and none is left out silently", async () => {
    await open();
    const headers = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "1"]));
    const tooMany = await exchange(door.port, request("GET", "/healthz", headers(headersMax)));
    expect(tooMany).toMatch(/^HTTP\/1\.1 431 [\s\S]*"error":{"code":"too-many-headers"/);
    expect(
      statusesIn(await exchange(door.port, request("GET", "/healthz", headers(headersMax * 20)))),
    ).toEqual([431]);
    // Host and Connection are two of them.
    expect(
      statusesIn(await exchange(door.port, lastRequest("GET", "/healthz", headers(headersMax - 2)))),
    ).toEqual([200]);
  });

  it("is 431 for more than 16 KiB, by Node itself", async () => {
    await open();
    const large = await exchange(door.port, request("GET", "/healthz", { "x-large": "a".repeat(17_000) }));
    expect(large).toBe("HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n");
    expect(
      statusesIn(
        await exchange(door.port, lastRequest("GET", "/healthz", { "x-large": "a".repeat(15_000) })),
      ),
    ).toEqual([200]);
  });
});

it("a body that is compressed is 415, however much of it comes, and the connection is good for the next one", async () => {
  await open();
  const headers = { ...aForm, "Content-Encoding": "gzip" };
  const zipped = gzipSync("email=ada@example.com").toString("latin1");
  const length = { ...headers, "Content-Length": String(zipped.length) };
  const one = await connected(request("POST", form, length) + zipped);
  await until(() => one.received().includes("}}"), 5_000, "the answer");
  one.send(lastRequest("POST", form, { ...aForm, "Content-Encoding": "identity" }, "email=ada@example.com"));
  await one.closed;
  expect(statusesIn(one.received())).toEqual([415, 200]);
  expect(one.received()).toMatch(/^accept-encoding: identity\r$/im);
  const endless = await connected(request("POST", form, { ...headers, "Content-Length": "9999999" }));
  await until(() => statusesIn(endless.received()).includes(415), 5_000, "the answer");
  await endless.closed;
  expect(relay.takeAccepted()).toHaveLength(1);
});

it("a body that breaks off is nothing for the log", async () => {
  await open();
  const one = await connected(request("POST", form, { ...aForm, "Content-Length": "1000" }));
  await once(door.server, "request");
  one.leave();
  await one.closed;
  await answersAtOnce();
  expect(logged).toEqual([]);
});

describe("closing", () => {
  const slow = { ...quick, headMs: 60_000, requestMs: 60_000, keepAliveMs: 60_000, silenceMs: 60_000 };

  it("does not wait for those who have asked for nothing, or for nothing more", async () => {
    await open({ times: slow });
    await connected();
    await connected("GET /hea");
    const kept = await connected(request("GET", "/healthz"));
    await until(() => kept.received() !== "", 5_000, "the answer");
    const startedAt = performance.now();
    await door.close(30_000);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it("answers a request under way, and cuts a dripping one off at the deadline", async () => {
    const late = async (asked: Request) => {
      if (asked.method === "POST") return await relay.fetch(asked);
      await sleep(400);
      return new Response("late");
    };
    await open({ times: slow, fetch: late });
    const asking = await connected(request("GET", "/healthz"));
    const dripping = await connected(request("POST", form, { ...aForm, "Content-Length": "1000" }));
    await once(door.server, "request");
    await door.close(1_000);
    await Promise.all([asking.closed, dripping.closed]);
    expect(asking.received()).toMatch(/ 200 OK[\s\S]*late$/);
    expect(dripping.received()).toBe("");
  });
});
