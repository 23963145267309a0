import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, type Sandbox, type SandboxOptions } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "./documented.ts";
import type { EngineUnderTest } from "./engines.ts";
import { finishCommand, startRelayProcess, until, type RelayProcess } from "./relay-process.ts";

export const adminToken = "operator-token";
/** For a machine that is busy with other things. */
export const waitMs = 60_000;

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface ListedFailure {
  readonly id: string;
  readonly kind: string;
  readonly contact?: string;
  readonly source?: string;
  readonly reason: string;
  readonly message?: string;
  readonly fields?: readonly string[];
}

export interface Stage {
  readonly directory: string;
  readonly sandbox: Sandbox;
  /** Settings of the relay and of its commands. */
  readonly env: Record<string, string>;
  /** Writes the sources file: one form, whose custom fields are these expressions. */
  mapping(customFields: Record<string, string>): void;
  start(overrides?: Record<string, string>): Promise<RelayProcess>;
  /** The relay that was started last. */
  relay(): RelayProcess;
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  post(fields: object): Promise<{ status: string; id: string }>;
  admin(path: string, method?: string, token?: string, question?: unknown): Promise<Answer>;
  failures(): Promise<ListedFailure[]>;
  /** Waits until this many items are parked. */
  parked(count: number): Promise<ListedFailure[]>;
  command(...args: string[]): ReturnType<typeof finishCommand>;
  metrics(): Promise<string>;
  /** Waits until no job is left to be done. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** A relay as an operator has it: a sandbox for the API, one form, real processes. */
export async function openStage(engine: EngineUnderTest, options: SandboxOptions = {}): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), "relay-operator-"));
  const sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0, ...options });
  const sourcesFile = join(directory, "sources.yaml");
  const env: Record<string, string> = {
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    AELYST_RATE_LIMIT: "50",
    AELYST_TIMEOUT_MS: "5000",
    RETRY_DELAY_MS: "100",
    RETRY_DELAY_MAX_MS: "400",
    SOURCES_FILE: sourcesFile,
    ADMIN_TOKEN: adminToken,
    ...engine.settings(directory),
  };
  let relay: RelayProcess | undefined;

  const running = () => {
    if (!relay) throw new Error("the relay is started first");
    return relay;
  };

  async function admin(
    path: string,
    method = "GET",
    token = adminToken,
    question?: unknown,
  ): Promise<Answer> {
    const response = await fetchDocumented(`${running().url}/admin${path}`, {
      method,
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      body: question === undefined ? null : JSON.stringify(question),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const failures = async () => (await admin("/failures")).body["items"] as ListedFailure[];

  const stage: Stage = {
    directory,
    sandbox,
    env,
    mapping(customFields) {
      const map = { custom_fields: customFields };
      const form = { provider: "form", key: "form-key", map };
      writeFileSync(sourcesFile, JSON.stringify({ sources: { form } }));
    },
    async start(overrides = {}) {
      const { PORT: _port, ...settings } = env;
      relay = await startRelayProcess({ ...settings, ...overrides });
      env["PORT"] = new URL(relay.url).port;
      env["HOST"] = "127.0.0.1";
      return relay;
    },
    relay: running,
    async stop(signal = "SIGTERM") {
      await relay?.end(signal);
      relay = undefined;
    },
    async post(fields) {
      const response = await fetchDocumented(`${running().url}/webhooks/form`, {
        method: "POST",
        headers: { "x-webhook-key": "form-key", "content-type": "application/json" },
        body: JSON.stringify(fields),
      });
      if (response.status !== 200) throw new Error(`the relay answered ${response.status}`);
      return (await response.json()) as { status: string; id: string };
    },
    admin,
    failures,
    async parked(count) {
      await until(async () => (await failures()).length === count, waitMs, `${count} parked items`);
      return await failures();
    },
    command: (...args) => finishCommand(args, env),
    async metrics() {
      const headers = { authorization: `Bearer ${adminToken}` };
      return await (await fetchDocumented(`${running().url}/metrics`, { headers })).text();
    },
    async idle() {
      await until(
        async () => {
          const { queues } = (await admin("/status")).body as {
            queues: Record<string, Record<string, number>>;
          };
          return Object.values(queues).every(
            ({ waiting = 0, active = 0, delayed = 0 }) => waiting + active + delayed === 0,
          );
        },
        waitMs,
        "all work to be done",
      );
    },
    async close() {
      await stage.stop("SIGKILL");
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  stage.mapping({ Score: "score" });
  return stage;
}
