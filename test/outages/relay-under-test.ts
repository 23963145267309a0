import { afterAll, afterEach, beforeEach } from "vitest";
import { findProvider } from "../../src/providers/registry.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const secret = "shop-secret";

/** A server that a test may harm. */
export interface HarmedServer {
  readonly settings: Record<string, string>;
  kill(): Promise<void>;
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface Readiness {
  readonly status: number;
  readonly body: { store: { ok: boolean; message?: string; refuses?: string }; worker: { state: string } };
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly tookMs: number;
}

let prefixes = 0;

/** A sandbox and relays as real processes, all ended after each test. */
export function relayUnderTest(server: HarmedServer | undefined) {
  let sandbox: Sandbox;
  let running: RelayProcess[] = [];
  let orders = 0;
  let prefix = "";

  beforeEach(async () => {
    prefixes += 1;
    prefix = `o${process.pid}x${prefixes}`;
    sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0 });
    running = [];
  });
  afterEach(async () => {
    server?.thaw();
    for (const relay of running) await relay.end("SIGKILL");
    await sandbox.close();
  });
  afterAll(async () => {
    await server?.stop();
  });

  async function start(overrides: Record<string, string> = {}): Promise<RelayProcess> {
    const relay = await startRelayProcess({
      AELYST_API_TOKEN: "api-token",
      AELYST_API_URL: sandbox.url,
      AELYST_RATE_LIMIT: "200",
      SHOPIFY_WEBHOOK_SECRET: secret,
      STORE_PREFIX: prefix,
      ...server?.settings,
      ...overrides,
    });
    running.push(relay);
    return relay;
  }

  async function order(relay: RelayProcess, more: object = {}): Promise<Answer & { email: string }> {
    orders += 1;
    const email = `person${orders}@example.com`;
    const body = {
      id: orders,
      email,
      updated_at: "2026-01-05T10:00:00Z",
      customer: { first_name: "Ada" },
      ...more,
    };
    const request = findProvider("shopify")?.sign(
      {
        headers: { "content-type": "application/json", "x-shopify-topic": "orders/create" },
        body: Buffer.from(JSON.stringify(body)),
      },
      secret,
      Date.now(),
    );
    const startedAt = performance.now();
    const response = await fetchDocumented(`${relay.url}/webhooks/shopify`, {
      method: "POST",
      headers: request?.headers ?? {},
      body: request?.body ?? "",
    });
    await response.text();
    const tookMs = performance.now() - startedAt;
    return { status: response.status, retryAfter: response.headers.get("retry-after"), tookMs, email };
  }

  async function readiness(relay: RelayProcess): Promise<Readiness> {
    const response = await fetchDocumented(`${relay.url}/readyz`);
    return { status: response.status, body: (await response.json()) as Readiness["body"] };
  }

  return {
    sandbox: () => sandbox,
    prefix: () => prefix,
    start,
    order,
    readiness,
    ready: (relay: RelayProcess) =>
      until(async () => (await readiness(relay)).status === 200, 60_000, "the relay to be ready"),
    delivered: (email: string) =>
      until(
        () => sandbox.contacts().some((contact) => contact.fields["email"] === email),
        60_000,
        `${email} to be delivered`,
      ),
  };
}

export type RelayUnderTest = ReturnType<typeof relayUnderTest>;
