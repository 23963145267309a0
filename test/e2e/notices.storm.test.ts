import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startNotices } from "../../src/commands/notices.ts";
import { readConfig } from "../../src/config.ts";
import { createConnections } from "../../src/outbound/connections.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { openEmbeddedStore } from "../../src/store/postgres/embedded.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { placeDatabase } from "../helpers/embedded-template.ts";
import { startReceiver } from "../helpers/notice-receiver.ts";
import { finishCommand, startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import { sampleEvent, sampleOptions } from "../helpers/store-samples.ts";

const secret = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
let directory = "";
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let sandbox: Sandbox;
let running: RelayProcess[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-notices-"));
  receiver = await startReceiver();
  sandbox = await startSandbox({ token: "right", ratePerSecond: 0 });
  running = [];
});

afterEach(async () => {
  for (const relay of running) await relay.end("SIGKILL");
  await sandbox.close();
  await receiver.close();
  rmSync(directory, { recursive: true, force: true });
});

const environment = () => ({
  AELYST_API_TOKEN: "right",
  AELYST_API_URL: sandbox.url,
  FORM_KEY: "form-key",
  ADMIN_TOKEN: "operator-token",
  DATA_DIR: join(directory, "data"),
  NOTIFY_URL: receiver.url,
  NOTIFY_SECRET: secret,
});

async function start(overrides: Record<string, string> = {}): Promise<RelayProcess> {
  const relay = await startRelayProcess({ ...environment(), ...overrides });
  running.push(relay);
  return relay;
}

async function openNotices(relay: RelayProcess): Promise<unknown> {
  const headers = { authorization: "Bearer operator-token" };
  const answer = await fetchDocumented(`${relay.url}/admin/status`, { headers });
  return ((await answer.json()) as { notices?: unknown }).notices;
}

const told = () => receiver.bodies().map(({ kind, state }) => `${kind} ${state}`);

/** What tells of the store in this directory, in time that passes as the test says. */
async function openWatched() {
  const dataDir = environment().DATA_DIR;
  await placeDatabase(dataDir);
  const opened = await openEmbeddedStore(dataDir, sampleOptions({ prefix: "relay" }));
  if (!opened.ok) throw new Error(opened.message);
  const { store } = opened;
  const read = readConfig(environment());
  if (!read.ok) throw new Error(read.problems.join());
  const connections = createConnections(read.config.proxies);
  const metrics = createMetrics();
  const nobody = () => undefined;
  let go: () => void = nobody;
  let looked: () => void = nobody;
  const first = new Promise<void>((resolve) => (looked = resolve));
  let now = Date.now();
  const watch = startNotices({
    config: read.config,
    stores: [{ destination: undefined, store }],
    sources: new Map(),
    bus: { state: () => ({}) },
    spool: { state: () => ({ events: 0, bytes: 0 }) },
    connections,
    clock: () => now,
    wait: (_, signal) =>
      new Promise((resolve) => {
        looked();
        if (go === nobody) signal.addEventListener("abort", () => go(), { once: true });
        go = resolve;
      }),
    log: createLogger({ level: "silent" }),
    metrics,
  });
  await first;
  return {
    store,
    watch,
    metrics,
    async pass(forMs: number) {
      for (const end = now + forMs; now < end;) {
        now += 15_000;
        const done = new Promise<void>((resolve) => (looked = resolve));
        go();
        await done;
      }
    },
    async close() {
      await watch?.close();
      await connections.destroy();
      await store.close(5_000);
    },
  };
}

describe("on a real store", () => {
  it("a refused token is told once, over a restart, and once that it is over", async () => {
    const before = await openWatched();
    await before.store.pacer.pause(60_000, "unauthorized");
    await before.pass(90_000);
    expect(told()).toEqual(["token-refused open"]);
    const [posted] = receiver.state.got;
    expect(() => new Webhook(secret).verify(posted?.text ?? "", { ...posted?.headers })).not.toThrow();
    expect(await before.watch?.open()).toEqual(receiver.bodies());
    expect((await before.metrics.render()).body).toContain(
      'relay_notices_total{kind="token-refused",outcome="sent"} 1',
    );
    await before.close();

    const after = await openWatched();
    await after.pass(90_000);
    expect(told()).toEqual(["token-refused open"]);
    await after.store.pacer.resume("unauthorized");
    await after.pass(120_000);
    expect(told()).toEqual(["token-refused open", "token-refused over"]);
    expect(await after.watch?.open()).toEqual([]);
    await after.close();
  });

  it("parked events are told once, not one by one, and without what they hold", async () => {
    const { store, pass, close } = await openWatched();
    await store.events.accept(
      Array.from({ length: 30 }, () => sampleEvent({ payload: '{"email":"ada@example.com"}' })),
    );
    for (
      let claimed = await store.events.claim(30);
      claimed.length > 0;
      claimed = await store.events.claim(30)
    ) {
      await store.events.conclude(
        claimed.map((one) => ({ kind: "failed", claimed: one, reason: "ada@example.com is not mapped" })),
      );
    }
    await pass(600_000);
    expect(receiver.bodies()).toMatchObject([{ kind: "parked", state: "open" }]);
    expect(receiver.state.got[0]?.text).toContain("30 items are parked");
    expect(receiver.state.got[0]?.text).not.toContain("ada");
    await close();
  });

  it("nobody is told of a muted group, and of an acknowledged one when it opens again", async () => {
    const { store, pass, close } = await openWatched();
    const fail = async () => {
      await store.events.accept([sampleEvent()]);
      const claimed = await store.events.claim(30);
      await store.events.conclude(claimed.map((one) => ({ kind: "failed", claimed: one, reason: "no" })));
    };
    await fail();
    await pass(120_000);
    expect(told()).toEqual(["parked open"]);
    const [group] = (await store.failures.groups({ limit: 1 })).items;
    const mark = { by: "operator", at: 1 } as const;
    await store.failures.mark(group?.key ?? "", { ...mark, state: "acknowledged" });
    await pass(120_000);
    expect(told()).toEqual(["parked open", "parked over"]);
    expect(receiver.state.got[1]?.text).toContain("Over: nothing parked needs a person any more.");
    await fail();
    await pass(120_000);
    expect(told()).toEqual(["parked open", "parked over", "parked open"]);
    expect(receiver.state.got[2]?.text).toContain("2 items are parked");
    await store.failures.mark(group?.key ?? "", { ...mark, state: "muted" });
    await pass(120_000);
    await fail();
    await pass(600_000);
    expect(told()).toEqual(["parked open", "parked over", "parked open", "parked over"]);
    expect((await store.counts()).events.failed).toBe(3);
    await close();
  });
});

describe("the commands", () => {
  it("check reads the addresses, shows their hosts and posts nothing", async () => {
    const { code, out } = await finishCommand(["check", "--print"], environment(), directory);
    expect(out).toContain(`notices: would be posted to ${new URL(receiver.url).host} (json)`);
    expect(out).not.toContain("hunter2");
    expect(out).not.toContain(secret);
    expect(code).toBe(0);
    expect(receiver.state.got).toEqual([]);
    const bad = await finishCommand(["check"], { ...environment(), NOTIFY_URL: "hooks/hunter2" }, directory);
    expect(bad.out).toContain("PROBLEM  settings: NOTIFY_URL must be a URL");
    expect(bad.out).not.toContain("hunter2");
    expect(bad.code).toBe(1);
  });

  it("notify test posts one that says so, and fails where it does not arrive", async () => {
    const good = await finishCommand(["notify", "test"], environment(), directory);
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out).toBe(`ok       ${new URL(receiver.url).host} (json): HTTP 200\n`);
    expect(receiver.bodies()).toMatchObject([{ kind: "test", state: "open" }]);
    receiver.state.answer = (_, response) => response.writeHead(403).end();
    const refused = await finishCommand(["notify", "test", "--json"], environment(), directory);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toMatchObject({ ok: false, results: [{ answer: "HTTP 403" }] });
    const none = await finishCommand(["notify", "test"], { ...environment(), NOTIFY_URL: "" }, directory);
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining("NOTIFY_URL is not set") as string });
  });
});

describe("a relay", () => {
  it("shows what is open in its status, whether anybody is told of it or not", async () => {
    const relay = await start();
    expect(await openNotices(relay)).toEqual([]);
    expect(await relay.end("SIGTERM")).toBe(0);
    expect(await openNotices(await start({ NOTIFY_URL: "" }))).toEqual([]);
  });

  it("tells of a token that it is given wrong, and that it was set right", { timeout: 300_000 }, async () => {
    const wrong = await start({ AELYST_API_TOKEN: "wrong", AUTH_PROBE_MS: "500" });
    const form = { method: "POST", headers: { "x-webhook-key": "form-key" } };
    const body = new URLSearchParams({ email: "ada@example.com", first_name: "Ada" });
    expect((await fetchDocumented(`${wrong.url}/webhooks/form`, { ...form, body })).status).toBe(200);
    await until(() => receiver.state.got.length > 0, 90_000, "a notice");
    expect(told()).toEqual(["token-refused open"]);
    expect(await openNotices(wrong)).toEqual(receiver.bodies());
    expect(receiver.state.got[0]?.text).not.toContain("ada");
    expect(wrong.output()).not.toContain("hunter2");
    expect(await wrong.end("SIGTERM")).toBe(0);
    const right = await start({ AUTH_PROBE_MS: "500" });
    await until(() => receiver.state.got.length > 1, 150_000, "the notice that it is over");
    expect(told()).toEqual(["token-refused open", "token-refused over"]);
    expect(await openNotices(right)).toEqual([]);
  });
});
