import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import { exchange, lastRequest, request, statusesIn, stranger, type Stranger } from "./sockets.ts";

const connectionsMax = 40;
const adminToken = "operator-token";
const form = "/webhooks/form?key=form-key";
const aForm = { "Content-Type": "application/x-www-form-urlencoded" };
const drips = request("POST", form, { ...aForm, "Content-Length": "1000" });

let directory = "";
let relay: RelayProcess;
let port = 0;
let strangers: Stranger[] = [];

async function connected(count: number, firstWords: string): Promise<Stranger[]> {
  const some = await Promise.all(Array.from({ length: count }, () => stranger(port, firstWords)));
  strangers.push(...some);
  return some;
}

async function allLeave(): Promise<void> {
  for (const one of strangers) one.leave();
  await Promise.all(strangers.map((one) => one.closed));
  strangers = [];
}

const healthy = async () => statusesIn(await exchange(port, lastRequest("GET", "/healthz")))[0] === 200;
const post = async (email: string, headers: Record<string, string> = {}) =>
  statusesIn(await exchange(port, lastRequest("POST", form, { ...aForm, ...headers }, `email=${email}`)));
const metrics = async (token: string) =>
  await exchange(port, lastRequest("GET", "/metrics", { Authorization: `Bearer ${token}` }));
const lines = (text: string) =>
  relay
    .output()
    .split("\n")
    .filter((line) => line.includes(text));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-door-"));
  relay = await startRelayProcess({
    AELYST_API_TOKEN: "token",
    AELYST_API_URL: "http://127.0.0.1:9/v1",
    FORM_KEY: "form-key",
    ADMIN_TOKEN: adminToken,
    MAX_CONNECTIONS: String(connectionsMax),
    SHUTDOWN_TIMEOUT_MS: "6000",
    DATA_DIR: join(directory, "data"),
  });
  port = Number(new URL(relay.url).port);
});

afterAll(async () => {
  await allLeave();
  await relay.end("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

it("half a request is closed with 408 after ten seconds, and good ones are answered meanwhile", async () => {
  const half = await connected(connectionsMax / 2, "POST /webhooks/fo");
  expect(await post("ada@example.com")).toEqual([200]);
  for (const one of half) {
    const openMs = await one.closed;
    expect(openMs).toBeGreaterThan(8_000);
    expect(openMs).toBeLessThan(16_000);
    expect(statusesIn(one.received())).toEqual([408]);
  }
  await allLeave();
});

it("a house full of strangers who asked for nothing makes room for those who do", async () => {
  await connected(connectionsMax, "GET /he");
  // They are given a second.
  await until(healthy, 10_000, "the probe to get in");
  expect(await post("grace@example.com")).toEqual([200]);
  await allLeave();
});

it("a house full of bodies that drip refuses new ones, says so once, and is good again when they are gone", async () => {
  const before = lines("MAX_CONNECTIONS").length;
  await connected(connectionsMax, drips);
  await until(async () => !(await healthy()), 10_000, "all places to be taken");
  for (let count = 0; count < 20; count += 1) expect(await healthy()).toBe(false);
  expect(lines("MAX_CONNECTIONS").length - before).toBeLessThanOrEqual(1);
  await allLeave();
  await until(healthy, 10_000, "the probe to get in");
  expect(await post("alan@example.com")).toEqual([200]);
  expect(lines("MAX_CONNECTIONS")).not.toEqual([]);
  expect(await metrics(adminToken)).toMatch(/relay_connections_dropped_total\{reason="full"\} [1-9]/);
});

it("a compressed body is 415, and an address without an end 414", async () => {
  expect(await post("ada@example.com", { "Content-Encoding": "gzip" })).toEqual([415]);
  expect(statusesIn(await exchange(port, request("GET", `/healthz?${"a".repeat(9_000)}`)))).toEqual([414]);
});

it("ten wrong admin tokens are one line of the log, and the right one passes", async () => {
  for (let count = 0; count < 10; count += 1) {
    expect(statusesIn(await metrics(`guess-${count}`))).toEqual([401]);
  }
  const braked = await metrics("guess");
  expect(statusesIn(braked)).toEqual([429]);
  expect(braked).toMatch(/^retry-after: (?:60|5\d)\r$/im);
  expect(statusesIn(await metrics(adminToken))).toEqual([200]);
  expect(lines("wrong admin tokens")).toHaveLength(1);
  expect(relay.output()).not.toMatch(/guess-|operator-token/);
});

it("it stops in time, and well, with strangers of every kind connected", async () => {
  await connected(5, "");
  await connected(5, "GET /hea");
  await connected(5, drips);
  await connected(5, request("GET", "/healthz"));
  const startedAt = performance.now();
  expect(await relay.end("SIGTERM")).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(6_000);
  expect(relay.output()).not.toMatch(/"level":"(?:error|fatal)"|\n\s+at |Error:/);
});
