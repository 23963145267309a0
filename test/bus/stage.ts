import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

export const waitMs = 60_000;

/** A broker on a real server that the suite may harm, and what a producer does with it. */
export interface BrokerUnderTest {
  /** The value of `consume:` for a new stream of its own, which is made where that is its owner's part. */
  consume(): string | Promise<string>;
  /** Publishes CloudEvents in structured mode. */
  publish(events: readonly object[]): Promise<void>;
  /** Publishes a body that is no CloudEvent. */
  publishRaw(body: Buffer): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** How many messages were given to a relay and not acknowledged. */
  pending(): Promise<number>;
  stop(): Promise<void>;
}

interface BusStatus {
  readonly state: string;
  readonly lag: number | null;
  readonly pending: number | null;
  readonly message?: string;
}

export type UserEvent = ReturnType<typeof userEvent>;

/** The person's number is in the type as well: the event log lists it. */
export function userEvent(n: number, more: object = {}) {
  return {
    specversion: "1.0",
    id: `e${n}`,
    source: "/crm",
    type: `user.changed.${n}`,
    time: "2026-03-01T08:00:00Z",
    data: { user: { email: `person${n}@example.com`, name: `N${n}` } },
    ...more,
  };
}

export interface BusStage {
  readonly sandbox: Sandbox;
  /** The settings that every relay gets. */
  readonly env: Readonly<Record<string, string>>;
  start(more?: Record<string, string>): Promise<RelayProcess>;
  /** So many events of people that nobody has spoken of yet. */
  fresh(count: number): UserEvent[];
  /** Waits until each of these people has arrived at the API. */
  arrived(events: readonly UserEvent[]): Promise<void>;
  nameAt(email: string): unknown;
  get(relay: RelayProcess | undefined, path: string): Promise<{ code: number; body: unknown }>;
  busOf(relay: RelayProcess | undefined, path?: string): Promise<BusStatus | undefined>;
  counted(relay: RelayProcess, outcome: string): Promise<number>;
  /** The types of all events that the log holds of the source, sorted. */
  storedTypes(relay: RelayProcess): Promise<string[]>;
  /** Waits until the broker has nothing left that was given out and not acknowledged. */
  settled(): Promise<void>;
}

/** A new sandbox, stream and data directory for every test of the group it is called in. */
export function busStage(broker: BrokerUnderTest | undefined): BusStage {
  const adminToken = "bus-admin";
  let directory = "";
  let sandbox: Sandbox | undefined;
  let relays: RelayProcess[] = [];
  let env: Record<string, string> = {};
  let made = 0;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "relay-bus-"));
    sandbox = await startSandbox({ ratePerSecond: 0 });
    const file = join(directory, "sources.yaml");
    const map = "map: { email: user.email, firstName: user.name }";
    const consume = await broker?.consume();
    writeFileSync(
      file,
      `sources:\n  crm: { provider: cloudevents, consume: ${consume}, ${map} }\n  form: { provider: form, key: k }\n`,
    );
    env = {
      AELYST_API_TOKEN: "api-token",
      AELYST_API_URL: sandbox.url,
      AELYST_RATE_LIMIT: "1000",
      DATA_DIR: join(directory, "data"),
      SOURCES_FILE: file,
      ADMIN_TOKEN: adminToken,
    };
    relays = [];
  });
  afterEach(async () => {
    for (const relay of relays) await relay.end("SIGKILL");
    await sandbox?.close();
    await broker?.start();
    rmSync(directory, { recursive: true, force: true });
  });

  const headers = { authorization: `Bearer ${adminToken}` };
  const emailOf = ({ data }: UserEvent) => data.user.email;

  const stage: BusStage = {
    get sandbox() {
      if (!sandbox) throw new Error("no test runs");
      return sandbox;
    },
    get env() {
      return env;
    },
    async start(more = {}) {
      const relay = await startRelayProcess({ ...env, ...more });
      relays.push(relay);
      return relay;
    },
    fresh: (count) => Array.from({ length: count }, () => userEvent((made += 1))),
    nameAt: (email) => stage.sandbox.contact(`email:${email}`)?.fields["firstName"],
    async arrived(events) {
      for (const one of events) {
        const email = emailOf(one);
        await until(() => stage.nameAt(email) !== undefined, waitMs, `${email} to arrive`);
      }
    },
    async get(relay, path) {
      const answer = await fetchDocumented(`${relay?.url}${path}`, { headers });
      return { code: answer.status, body: await answer.json() };
    },
    async busOf(relay, path = "/readyz") {
      const { body } = await stage.get(relay, path);
      return (body as { bus?: Record<string, BusStatus> }).bus?.["crm"];
    },
    async counted(relay, outcome) {
      const text = await (await fetch(`${relay.url}/metrics`, { headers })).text();
      const line = new RegExp(`^relay_bus_messages_total\\{source="crm",outcome="${outcome}"\\} (\\d+)`, "m");
      return Number(line.exec(text)?.[1] ?? 0);
    },
    async storedTypes(relay) {
      const types: string[] = [];
      for (let cursor = ""; ;) {
        const { body } = await stage.get(relay, `/admin/events?source=crm&limit=200${cursor}`);
        const { items, next } = body as { items: { type: string }[]; next: string | null };
        types.push(...items.map(({ type }) => type));
        if (next === null) return types.toSorted();
        cursor = `&cursor=${encodeURIComponent(next)}`;
      }
    },
    settled: () =>
      until(async () => (await broker?.pending()) === 0, waitMs, "everything to be acknowledged"),
  };
  return stage;
}
