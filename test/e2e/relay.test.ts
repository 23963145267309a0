import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findProvider } from "../../src/providers/registry.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { finishCommand, startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const secret = "shop-secret";
const adminToken = "operator-token";
const contact = "email:ada@example.com";

let directory = "";
let sandbox: Sandbox;
let running: RelayProcess[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-e2e-"));
  sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0 });
  running = [];
});

afterEach(async () => {
  for (const relay of running) await relay.end("SIGKILL");
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

function environment(): Record<string, string> {
  return {
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    AELYST_TIMEOUT_MS: "5000",
    RETRY_DELAY_MS: "100",
    SHOPIFY_WEBHOOK_SECRET: secret,
    FORM_KEY: "form-key",
    DATA_DIR: join(directory, "data"),
    ADMIN_TOKEN: adminToken,
  };
}

async function start(overrides: Record<string, string> = {}): Promise<RelayProcess> {
  const relay = await startRelayProcess({ ...environment(), ...overrides });
  running.push(relay);
  return relay;
}

function order(relay: RelayProcess, body: object) {
  const request = findProvider("shopify")?.sign(
    {
      headers: { "content-type": "application/json", "x-shopify-topic": "orders/create" },
      body: Buffer.from(JSON.stringify(body)),
    },
    secret,
    Date.now(),
  );
  return fetchDocumented(`${relay.url}/webhooks/shopify`, {
    method: "POST",
    headers: request?.headers ?? {},
    body: request?.body ?? "",
  });
}

async function admin(relay: RelayProcess, path: string): Promise<Record<string, unknown>> {
  const response = await fetchDocumented(`${relay.url}${path}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return (await response.json()) as Record<string, unknown>;
}

const ada = {
  id: 1,
  email: "ada@example.com",
  updated_at: "2026-01-05T10:00:00Z",
  customer: { first_name: "Ada", last_name: "Lovelace" },
};

it("a signed order becomes the right PUT, and the operator can see why the contact is what it is", async () => {
  const relay = await start();
  const answer = (await (await order(relay, ada)).json()) as { status: string; id: string };
  expect(answer.status).toBe("accepted");
  await until(() => sandbox.requests().length > 0, 10_000, "the PUT");
  expect(sandbox.requests()[0]).toMatchObject({
    method: "PUT",
    path: "/v1/contact/email:ada%40example.com",
    status: 200,
    body: { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" },
  });
  expect(await (await order(relay, ada)).json()).toEqual({ status: "duplicate", id: answer.id });

  await until(async () => "applied" in (await admin(relay, `/admin/contacts/${contact}`)), 5_000, "stamps");
  expect(await admin(relay, `/admin/contacts/${contact}`)).toMatchObject({
    contact,
    waiting: [],
    applied: { firstName: { eventId: answer.id } },
    history: [
      {
        outcome: "applied",
        method: "PUT",
        identifier: contact,
        status: 200,
        fields: expect.arrayContaining([{ field: "firstName", eventId: answer.id }]) as unknown,
      },
    ],
  });
  expect(await admin(relay, `/admin/events/${answer.id}`)).toMatchObject({
    source: "shopify",
    type: "orders/create",
    outcome: "mapped",
    updates: [{ contact, fields: { firstName: { state: "applied" } } }],
    payload: ada,
  });
  expect(await admin(relay, "/admin/status")).toMatchObject({
    role: "all",
    store: { engine: "embedded", ok: true },
    upstream: { state: "ok", ceiling: 10 },
  });
  const metrics = await (
    await fetchDocumented(`${relay.url}/metrics`, { headers: { authorization: `Bearer ${adminToken}` } })
  ).text();
  expect(metrics).toContain('relay_events_total{source="shopify",outcome="duplicate"} 1');
  expect(metrics).toContain('relay_api_requests_total{status="200",result="ok"} 1');
  expect(await relay.end("SIGTERM")).toBe(0);
  expect(relay.output()).not.toMatch(/ada@example|Lovelace|api-token|shop-secret|operator-token/);
});

it("the operator can list events, and ask what a payload would become and why", async () => {
  const relay = await start();
  const { id } = (await (await order(relay, ada)).json()) as { id: string };
  await until(() => sandbox.requests().length > 0, 10_000, "the PUT");
  await until(
    async () =>
      ((await admin(relay, "/admin/events?source=shopify&state=completed")) as { items: object[] }).items
        .length === 1,
    10_000,
    "the list",
  );
  expect(await admin(relay, "/admin/events")).toMatchObject({
    items: [{ id, source: "shopify", state: "completed", outcome: "mapped", contacts: [contact] }],
    next: null,
  });
  expect(await admin(relay, "/admin/events?state=nonsense")).toMatchObject({ error: { code: "malformed" } });
  expect(await admin(relay, `/admin/events/${id}`)).toMatchObject({
    mapping: {
      fields: expect.arrayContaining([
        { field: "firstName", from: "customer.first_name", was: "Ada", became: "Ada" },
        { field: "phone", why: "the payload has none" },
      ]) as unknown,
    },
  });
  const preview = async (body: unknown) => {
    const response = await fetchDocumented(`${relay.url}/admin/preview`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}` },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  expect(await preview({ source: "shopify", type: "orders/create", payload: ada })).toMatchObject({
    status: 200,
    body: { updates: [{ contact }], events: [{ type: "orders/create", outcome: "mapped" }] },
  });
  expect(
    await preview({
      source: "form",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      payload: "email=a%40example.com&size=M",
    }),
  ).toMatchObject({
    body: {
      updates: [{ contact: "email:a@example.com" }],
      events: [{ mapping: { unusedAnswers: ["size"] } }],
    },
  });
  expect(await preview({ source: "nobody", payload: {} })).toMatchObject({ status: 404 });
  for (const wrong of ["{", "[]", "1", { source: "form" }, { source: 1, payload: {} }]) {
    expect(await preview(wrong)).toMatchObject({ status: 400 });
  }
  expect(sandbox.requests()).toHaveLength(1);
  expect(await admin(relay, "/admin/sources")).toMatchObject({
    items: [
      { source: "shopify", provider: "shopify", path: "/webhooks/shopify", changes: [] },
      { source: "form" },
    ],
  });
});

it("killed between the 200 and the PUT, the relay sends the PUT after a restart", async () => {
  sandbox.fault({ hang: true });
  const first = await start();
  const ids = new Set<string>();
  for (let n = 0; n < 20; n += 1) {
    const email = `person${n}@example.com`;
    const answer = (await (await order(first, { ...ada, id: n, email })).json()) as { id: string };
    ids.add(answer.id);
  }
  expect(ids.size).toBe(20);
  await first.end("SIGKILL");
  expect(sandbox.contacts()).toEqual([]);

  sandbox.clearFaults();
  const second = await start({ AELYST_RATE_LIMIT: "50" });
  await until(() => sandbox.contacts().length === 20, 20_000, "all twenty contacts");
  expect(await second.end("SIGTERM")).toBe(0);
});

it(
  "killed again and again under load, every acknowledged event is delivered",
  { timeout: 120_000 },
  async () => {
    sandbox.fault({ status: 500, probability: 0.1 });
    sandbox.fault({ drop: "after", times: 3 });
    const newest = new Map<string, string>();
    let sequence = 0;
    const event = () => {
      sequence += 1;
      const email = `person${sequence % 15}@example.com`;
      const name = `Name ${sequence}`;
      const updated_at = new Date(Date.UTC(2026, 0, 1) + sequence * 1_000).toISOString();
      return {
        ref: `email:${email}`,
        name,
        body: { id: sequence, email, updated_at, customer: { first_name: name } },
      };
    };
    for (let round = 0; round < 3; round += 1) {
      const relay = await start({ AELYST_RATE_LIMIT: "20" });
      const killAt = Date.now() + 1_500;
      while (Date.now() < killAt) {
        const storm = Array.from({ length: 15 }, event);
        const answers = await Promise.all(storm.map(({ body }) => order(relay, body)));
        for (const [index, { ref, name }] of storm.entries()) {
          if (answers[index]?.status === 200) newest.set(ref, name);
        }
      }
      await relay.end("SIGKILL");
    }
    const last = await start({ AELYST_RATE_LIMIT: "20" });
    const held = () =>
      new Map(
        sandbox.contacts().map((one) => [`email:${String(one.fields["email"])}`, one.fields["firstName"]]),
      );
    await until(
      () => [...newest].every(([ref, name]) => held().get(ref) === name),
      30_000,
      "the newest names",
    );
    expect(held()).toEqual(newest);
    expect(sandbox.requests().length).toBeLessThan(sequence);
    expect(sandbox.requests().every((request) => request.inFlight === 1)).toBe(true);
    await until(
      async () => JSON.stringify((await admin(last, "/admin/status"))["queues"]).includes('"failed":0'),
      5_000,
      "nothing parked",
    );
  },
);

it("a second relay on the same data directory is refused before it can do harm", async () => {
  const first = await start();
  const second = await finishCommand(["serve"], { ...environment(), PORT: "0" });
  expect(second.code).toBe(1);
  expect(second.err).toContain(`in use by process ${first.pid}`);
  expect((await order(first, ada)).status).toBe(200);
});

it("a token that is refused keeps everything and shows in readiness; it goes on by itself", async () => {
  sandbox.fault({ unauthorized: true, times: 2 });
  const relay = await start({ AUTH_PROBE_MS: "1500" });
  await order(relay, ada);
  await until(
    async () =>
      ((await (await fetchDocumented(`${relay.url}/readyz`)).json()) as { upstream: { state: string } })
        .upstream.state === "unauthorized",
    10_000,
    "the state unauthorized",
  );
  await until(() => sandbox.contacts().length === 1, 15_000, "the contact");
  const readiness = (await (await fetchDocumented(`${relay.url}/readyz`)).json()) as Record<string, unknown>;
  expect(readiness).toMatchObject({ status: "ready", worker: { state: "ok" }, upstream: { state: "ok" } });
});

it("a payload that verifies but cannot be mapped is kept with its reason, and can be retried once it can", async () => {
  const sources = (expression: string) => {
    const file = join(directory, "sources.yaml");
    const map = `{ custom_fields: { Bad: "${expression}" } }`;
    writeFileSync(
      file,
      `sources:\n  shopify:\n    provider: shopify\n    secret: ${secret}\n    map: ${map}\n`,
    );
    return file;
  };
  const endless = "($f := function($n){$f($n+1)}; $f(0))";
  const first = await start({ SOURCES_FILE: sources(endless) });
  const { id } = (await (await order(first, ada)).json()) as { id: string };
  await until(
    async () => (await admin(first, `/admin/events/${id}`))["outcome"] === "failed",
    15_000,
    "the failure",
  );
  expect(await admin(first, "/admin/failures")).toMatchObject({
    items: [{ id, kind: "event", source: "shopify" }],
  });
  await first.end("SIGTERM");

  const env = { ...environment(), SOURCES_FILE: sources("email") };
  expect(await finishCommand(["failures", "retry", id], env)).toMatchObject({ code: 0 });
  await start({ SOURCES_FILE: sources("email") });
  await until(() => sandbox.contacts()[0]?.customFields["Bad"] === "ada@example.com", 10_000, "the contact");
});

it("every mistake in the settings is named at once, and nothing starts", async () => {
  const result = await finishCommand(["serve"], {
    PORT: "many",
    REDIS_URL: "redis://a",
    DATABASE_URL: "postgres://b",
  });
  expect(result.code).toBe(1);
  expect(result.err).toContain("AELYST_API_TOKEN is required");
  expect(result.err).toContain("PORT must be");
  expect(result.err).toContain("REDIS_URL and DATABASE_URL are both set");
  expect(result.err).not.toMatch(/\bat .*\.js:\d+/);
});

it("check names what is wrong and what is right; bad usage is exit code 2", async () => {
  const good = await finishCommand(["check", "--json"], environment());
  expect(good).toMatchObject({ code: 0 });
  expect(JSON.parse(good.out)).toMatchObject({ ok: true });
  const bad = await finishCommand(["check"], { ...environment(), AELYST_API_URL: "http://127.0.0.1:9/v1" });
  expect(bad.code).toBe(1);
  expect(bad.out).toContain("cannot be reached");
  expect((await finishCommand(["nonsense"], {})).code).toBe(2);
  expect((await finishCommand(["map"], {})).code).toBe(2);
});

it("map prints what a payload would do without any configuration", async () => {
  const file = join(directory, "order.json");
  writeFileSync(file, JSON.stringify(ada));
  const result = await finishCommand(["map", "--source", "shopify", "--type", "orders/create", file], {});
  expect(result.code).toBe(0);
  expect(JSON.parse(result.out)).toMatchObject({
    updates: [{ contact, patch: { firstName: "Ada", lastName: "Lovelace", email: "ada@example.com" } }],
    events: [{ type: "orders/create", outcome: "mapped" }],
  });
});
