import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { findProvider } from "../../src/providers/registry.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startRedis } from "../helpers/redis-server.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";
import { unique } from "../helpers/store-samples.ts";

const redis = await startRedis();
const required = (process.env["REQUIRE_ENGINES"] ?? "").split(",").map((engine) => engine.trim());
if (redis?.pid === undefined) {
  const message = "spool: skipped, no Redis of our own to freeze (install redis-server)";
  if (required.includes("redis") && !redis) throw new Error(message);
  process.stderr.write(`${message}\n`);
}
afterAll(async () => {
  await redis?.stop();
});

const adminToken = "operator-token";
/** The shortest time that one of these senders waits for an answer. */
const senderPatienceMs = 5_000;

let directory = "";
let sandbox: Sandbox;
let prefix = "";
let running: RelayProcess[] = [];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-spool-e2e-"));
  sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0 });
  prefix = `t${unique()}`;
  running = [];
});
afterEach(async () => {
  thaw();
  for (const relay of running) await relay.end("SIGKILL");
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

function freeze(): void {
  process.kill(redis?.pid ?? 0, "SIGSTOP");
}

function thaw(): void {
  if (redis?.pid !== undefined) process.kill(redis.pid, "SIGCONT");
}

async function start(overrides: Record<string, string> = {}): Promise<RelayProcess> {
  const relay = await startRelayProcess({
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    AELYST_RATE_LIMIT: "100",
    REDIS_URL: redis?.url ?? "",
    STORE_PREFIX: prefix,
    DATA_DIR: join(directory, "data"),
    FORM_KEY: "form-key",
    STRIPE_WEBHOOK_SECRET: "whsec_stripe",
    ADMIN_TOKEN: adminToken,
    ...overrides,
  });
  running.push(relay);
  return relay;
}

interface Answer {
  readonly status: number;
  readonly seconds: number;
  readonly retryAfter: string | null;
  readonly body: { readonly status?: string; readonly id?: string };
}

async function send(url: string, request: RequestInit): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetchDocumented(url, { method: "POST", ...request });
  const body = (await response.json()) as Answer["body"];
  const seconds = (performance.now() - startedAt) / 1_000;
  return { status: response.status, seconds, retryAfter: response.headers.get("retry-after"), body };
}

function postForm(relay: RelayProcess, email: string): Promise<Answer> {
  const headers = { "content-type": "application/x-www-form-urlencoded", "x-webhook-key": "form-key" };
  const body = new URLSearchParams({ email, first_name: `Name of ${email}` }).toString();
  return send(`${relay.url}/webhooks/form`, { headers, body });
}

function postStripe(relay: RelayProcess): Promise<Answer> {
  const body = Buffer.from(
    JSON.stringify({
      id: `evt_${unique()}`,
      object: "event",
      type: "customer.updated",
      created: Math.floor(Date.now() / 1_000),
      data: { object: { object: "customer", email: "stripe@example.com", name: "Stripe Customer" } },
    }),
  );
  const stripe = findProvider("stripe");
  if (!stripe) throw new Error("no provider stripe");
  const headers = { "content-type": "application/json" };
  const { headers: signed } = stripe.sign({ headers, body }, "whsec_stripe", Date.now());
  return send(`${relay.url}/webhooks/stripe`, { headers: signed, body });
}

async function get(relay: RelayProcess, path: string): Promise<Record<string, unknown>> {
  const response = await fetchDocumented(`${relay.url}${path}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return (await response.json()) as Record<string, unknown>;
}

async function metrics(relay: RelayProcess): Promise<string> {
  const headers = { authorization: `Bearer ${adminToken}` };
  return await (await fetchDocumented(`${relay.url}/metrics`, { headers })).text();
}

const spoolFiles = () =>
  existsSync(join(directory, "data", "spool"))
    ? readdirSync(join(directory, "data", "spool")).filter((file) => file.endsWith(".log"))
    : [];

/** What was refused may have been stored all the same, so that there can be others. */
async function untilDelivered(acknowledged: ReadonlyMap<string, string>): Promise<void> {
  const held = () => new Set(sandbox.contacts().map(({ fields }) => fields["email"]));
  await until(() => [...acknowledged.keys()].every((email) => held().has(email)), 60_000, "every contact");
}

/** Each acknowledged event is found under its id, and its contact was brought there by it and by it alone. */
async function expectDelivered(
  relay: RelayProcess,
  acknowledged: ReadonlyMap<string, string>,
): Promise<void> {
  await until(() => spoolFiles().length === 0, 60_000, "an empty spool");
  await untilDelivered(acknowledged);
  for (const [email, id] of acknowledged) {
    expect(sandbox.contacts().filter(({ fields }) => fields["email"] === email)).toMatchObject([
      { fields: { firstName: `Name of ${email}` } },
    ]);
    expect(await get(relay, `/admin/events/${id}`)).toMatchObject({ id, source: "form", outcome: "mapped" });
    await until(
      async () => "history" in (await get(relay, `/admin/contacts/email:${email}`)),
      10_000,
      "the contact's history",
    );
    expect(await get(relay, `/admin/contacts/email:${email}`)).toMatchObject({
      waiting: [],
      history: [{ outcome: "applied", status: 200 }],
    });
  }
  const paths = sandbox.requests().map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
}

describe.skipIf(redis?.pid === undefined)("while Redis is frozen", () => {
  it(
    "forms are kept and answered 200, Stripe is asked to come again; thawed, everything arrives once and in full view",
    { timeout: 120_000 },
    async () => {
      const relay = await start();
      const acknowledged = new Map<string, string>();
      const before = await postForm(relay, "before@example.com");
      acknowledged.set("before@example.com", before.body.id ?? "");
      expect(await get(relay, "/readyz")).toMatchObject({ spool: { events: 0, bytes: 0 } });

      freeze();
      const forms = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const email = `frozen${index}@example.com`;
          const answer = await postForm(relay, email);
          acknowledged.set(email, answer.body.id ?? "");
          return answer;
        }),
      );
      const stripe = await postStripe(relay);
      expect(forms.every(({ status, body }) => status === 200 && body.status === "accepted")).toBe(true);
      expect(Math.max(...forms.map(({ seconds }) => seconds * 1_000))).toBeLessThan(senderPatienceMs);
      expect(stripe).toMatchObject({ status: 503, retryAfter: "5" });
      const again = await postForm(relay, "frozen0@example.com");
      expect(again.body).toEqual({ status: "duplicate", id: acknowledged.get("frozen0@example.com") });
      expect(await get(relay, "/readyz")).toMatchObject({
        status: "unavailable",
        spool: { events: 20, bytes: expect.any(Number) },
      });
      const figures = await metrics(relay);
      expect(figures).toContain('relay_spooled_total{source="form"} 20');
      expect(figures).toContain("relay_spool_events 20");

      thaw();
      await expectDelivered(relay, acknowledged);
      expect(await get(relay, "/admin/status")).toMatchObject({ spool: { events: 0, bytes: 0 } });
      await until(() => relay.output().includes("the spool is empty again"), 10_000, "the log line");
      expect(relay.output()).toContain("the store takes no events");
      expect(relay.output()).not.toMatch(/frozen\d+@example|Name of|unhandled/i);
    },
  );

  it(
    "a relay killed in the middle loses no acknowledged form: the next one on its directory brings them",
    { timeout: 120_000 },
    async () => {
      const first = await start();
      const acknowledged = new Map<string, string>();
      const post = async (email: string) => {
        const answer = await postForm(first, email).catch(() => undefined);
        if (answer?.status === 200) acknowledged.set(email, answer.body.id ?? "");
      };
      freeze();
      const early = Array.from({ length: 15 }, (_, index) => post(`early${index}@example.com`));
      await Promise.all(early);
      expect(acknowledged.size).toBe(15);
      const late = Array.from({ length: 40 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * 20));
        await post(`late${index}@example.com`);
      });
      await until(() => acknowledged.size > 20, 20_000, "some of the later ones");
      await first.end("SIGKILL");
      await Promise.all(late);
      expect(spoolFiles().length).toBeGreaterThan(0);

      thaw();
      const second = await start();
      await until(() => spoolFiles().length === 0, 60_000, "an empty spool");
      await untilDelivered(acknowledged);
      for (const [email, id] of acknowledged) {
        expect(await get(second, `/admin/events/${id}`)).toMatchObject({ id, outcome: "mapped" });
        expect(
          sandbox.requests().filter(({ path }) => path.includes(encodeURIComponent(email))),
        ).toHaveLength(1);
      }
      expect(second.output()).toContain("an earlier process left events in the spool");
    },
  );

  it(
    "a replica on the same directory takes over what a dead one left, while it runs",
    { timeout: 120_000 },
    async () => {
      const dying = await start();
      const staying = await start();
      freeze();
      const acknowledged = new Map<string, string>();
      for (const [name, relay] of Object.entries({ dying, staying })) {
        const email = `${name}@example.com`;
        acknowledged.set(email, (await postForm(relay, email)).body.id ?? "");
      }
      expect(spoolFiles()).toHaveLength(2);
      await dying.end("SIGKILL");
      thaw();
      await expectDelivered(staying, acknowledged);
    },
  );

  it(
    "a disk that takes no more is a 503 and a line for the operator; what was kept before is delivered",
    { timeout: 120_000 },
    async (context) => {
      const relay = await start();
      const limit = ["--pid", String(relay.pid), "--fsize=6000:6000"];
      if (spawnSync("prlimit", limit).status !== 0) return context.skip("no prlimit here");
      freeze();
      const acknowledged = new Map<string, string>();
      let refused = 0;
      for (let round = 0; round < 4; round += 1) {
        await Promise.all(
          Array.from({ length: 8 }, async (_, index) => {
            const email = `round${round}-${index}@example.com`;
            const answer = await postForm(relay, email);
            if (answer.status === 200) acknowledged.set(email, answer.body.id ?? "");
            else {
              expect(answer).toMatchObject({ status: 503, retryAfter: "5" });
              refused += 1;
            }
          }),
        );
      }
      expect(acknowledged.size).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
      expect(relay.output()).toContain("EFBIG");
      thaw();
      await untilDelivered(acknowledged);
      expect(await fetchDocumented(`${relay.url}/healthz`)).toMatchObject({ status: 200 });
    },
  );

  it("turned off, forms are answered 503 as well", { timeout: 60_000 }, async () => {
    const relay = await start({ SPOOL_MAX_BYTES: "0" });
    freeze();
    expect(await postForm(relay, "off@example.com")).toMatchObject({ status: 503, retryAfter: "5" });
    expect(spoolFiles()).toEqual([]);
  });
});

describe.skipIf(redis?.pid === undefined)("while Redis is dead", () => {
  it("forms are kept and answered at once, and arrive when it is back", { timeout: 120_000 }, async () => {
    const relay = await start();
    await redis?.kill();
    const acknowledged = new Map<string, string>();
    try {
      for (let index = 0; index < 5; index += 1) {
        const email = `dead${index}@example.com`;
        const answer = await postForm(relay, email);
        expect(answer).toMatchObject({ status: 200, body: { status: "accepted" } });
        acknowledged.set(email, answer.body.id ?? "");
      }
      expect(await postStripe(relay)).toMatchObject({ status: 503, retryAfter: "5" });
    } finally {
      await redis?.start();
    }
    await expectDelivered(relay, acknowledged);
  });
});
