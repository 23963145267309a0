import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startSandbox, type Sandbox, type SandboxOptions } from "../../src/sandbox/sandbox.ts";
import type { EngineUnderTest } from "../helpers/engines.ts";
import { queueJobs } from "../helpers/queue-jobs.ts";
import { startRelayProcess, type RelayProcess } from "../helpers/relay-process.ts";

const formKey = "scale-out-key";
const adminToken = "scale-out-operator";

/** Requests per second, for all workers together. */
export const ceiling = 25;

/** Relays of both roles on one store, real processes, in front of one sandbox. */
export interface Fleet {
  readonly sandbox: Sandbox;
  readonly intakes: RelayProcess[];
  readonly workers: RelayProcess[];
  /** One event of a contact of its own, posted until it is acknowledged, as senders do; answers its id. */
  post(contact: number): Promise<string>;
  /** Eight senders at once. */
  postAll(contacts: readonly number[]): Promise<string[]>;
  /** Ends one with SIGTERM, and starts another in its place; answers the exit code of the one that went. */
  replace(role: "intake" | "worker", index: number): Promise<number | null>;
  /** Jobs of both queues in these states. */
  jobs(...states: string[]): Promise<number>;
  /** A metric of each worker, summed over the labels that are left open. */
  ofWorkers(metric: string, labels?: string): Promise<number[]>;
  /** Everything that any of them has written, the ended ones too. */
  output(): string;
  stop(): Promise<void>;
}

export interface FleetOptions {
  readonly intakes: number;
  readonly workers: number;
  readonly sandbox?: SandboxOptions;
  readonly settings?: Readonly<Record<string, string>>;
}

export async function startFleet(engine: EngineUnderTest, options: FleetOptions): Promise<Fleet> {
  const directory = mkdtempSync(join(tmpdir(), "relay-fleet-"));
  const sandbox = await startSandbox({ ratePerSecond: 0, ...options.sandbox });
  const env = {
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    AELYST_RATE_LIMIT: String(ceiling),
    FORM_KEY: formKey,
    ADMIN_TOKEN: adminToken,
    LOG_LEVEL: "info",
    ...engine.settings(directory),
    ...options.settings,
  };
  const everStarted: RelayProcess[] = [];

  /** A port that was free may be taken by the time the relay listens: with so many connections that happens. */
  async function start(role: string, tries = 5): Promise<RelayProcess> {
    try {
      const relay = await startRelayProcess({ ...env, ROLE: role });
      everStarted.push(relay);
      return relay;
    } catch (error) {
      if (tries > 1 && String(error).includes("EADDRINUSE")) return await start(role, tries - 1);
      throw error;
    }
  }
  const startAll = (role: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => start(role)));
  const intakes = await startAll("intake", options.intakes);
  const workers = await startAll("worker", options.workers);

  async function post(contact: number): Promise<string> {
    const body = JSON.stringify({ email: `person${contact}@example.com`, first_name: `N${contact}` });
    const headers = { "x-webhook-key": formKey, "content-type": "application/json" };
    for (let attempt = 0; attempt < 600; attempt += 1) {
      const relay = intakes[(contact + attempt) % intakes.length];
      const url = `${relay?.url ?? ""}/webhooks/form`;
      const answer = await fetch(url, { method: "POST", headers, body }).catch(() => undefined);
      if (answer?.status === 200) return ((await answer.json()) as { id: string }).id;
      if (answer && answer.status !== 503) throw new Error(`answered ${answer.status}`);
      await wait(50);
    }
    throw new Error(`the event of person${contact} was never acknowledged`);
  }

  async function metricsOf(relay: RelayProcess): Promise<string> {
    const headers = { authorization: `Bearer ${adminToken}` };
    return await (await fetch(`${relay.url}/metrics`, { headers })).text();
  }

  return {
    sandbox,
    intakes,
    workers,
    post,
    async postAll(contacts) {
      const ids: string[] = [];
      let next = 0;
      const senders = Array.from({ length: 8 }, async () => {
        for (let contact = contacts[next++]; contact !== undefined; contact = contacts[next++]) {
          ids.push(await post(contact));
        }
      });
      await Promise.all(senders);
      return ids;
    },
    async replace(role, index) {
      const fleet = role === "intake" ? intakes : workers;
      const code = await fleet[index]?.end("SIGTERM");
      fleet[index] = await start(role);
      return code ?? null;
    },
    async jobs(...states) {
      const [relay] = workers;
      if (!relay) throw new Error("no worker is up");
      return queueJobs(await metricsOf(relay), ...states);
    },
    async ofWorkers(metric, labels = "") {
      const texts = await Promise.all(workers.map(metricsOf));
      const pattern = new RegExp(`^${metric}\\{[^}]*${labels}[^}]*\\} (\\d+)$`, "gm");
      return texts.map((text) => [...text.matchAll(pattern)].reduce((sum, [, n]) => sum + Number(n), 0));
    },
    output: () => everStarted.map((relay) => relay.output()).join(""),
    async stop() {
      for (const relay of everStarted) await relay.end("SIGKILL");
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
