import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fetchDocumented } from "../helpers/documented.ts";
import { startRelayProcess, until, type RelayProcess } from "../helpers/relay-process.ts";

const helper = (name: string) => new URL(`../helpers/${name}`, import.meta.url).href;
const tracestate = "vendor=1";

interface WrittenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

let directory = "";
let sandbox: Sandbox;
let relay: RelayProcess | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "relay-tracing-"));
  sandbox = await startSandbox({ token: "api-token", ratePerSecond: 0, latencyMs: 800 });
});

afterEach(async () => {
  await relay?.end("SIGKILL");
  relay = undefined;
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(preload: string): Promise<RelayProcess> {
  relay = await startRelayProcess({
    AELYST_API_TOKEN: "api-token",
    AELYST_API_URL: sandbox.url,
    FORM_KEY: "form-key",
    LOG_LEVEL: "debug",
    DATA_DIR: join(directory, "data"),
    NODE_OPTIONS: `--import ${helper(preload)}`,
    SPANS_FILE: join(directory, "spans"),
    MODULES_FILE: join(directory, "modules"),
  });
  return relay;
}

/** The same person each time; `number` names the sender's trace. */
async function submit({ url }: RelayProcess, number: number): Promise<string> {
  const response = await fetchDocumented(`${url}/webhooks/form`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-webhook-key": "form-key",
      traceparent: senderOf(number),
      tracestate,
    },
    body: JSON.stringify({ email: "ada@example.com", first_name: `Ada ${number}` }),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { id: string }).id;
}

const traceId = (number: number) => String(number).repeat(32);
const senderOf = (number: number) => `00-${traceId(number)}-${String(number).repeat(16)}-01`;
const lines = <Line>(text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);

/** The first is on its way to the API while the others come in, which therefore go out as one. */
async function deliverThree(to: RelayProcess): Promise<string[]> {
  const first = await submit(to, 1);
  await until(async () => sandbox.requests().length === 1, 20_000, "the first request");
  const others = [await submit(to, 2), await submit(to, 3)];
  await until(async () => sandbox.requests()[1]?.status === 200, 20_000, "the second request");
  return [first, ...others];
}

it("without an SDK the sender's trace reaches the API as it is, and nothing of OpenTelemetry is loaded", async () => {
  const running = await start("loaded-modules.mjs");
  const ids = await deliverThree(running);
  const [first, second] = sandbox.requests();
  expect(first).toMatchObject({ traceparent: senderOf(1), tracestate });
  expect(second).toMatchObject({ traceparent: senderOf(3), tracestate });
  await running.end("SIGTERM");
  const logged = lines<{ msg: string; traceId?: string; event?: string; events?: string[] }>(
    running.output(),
  );
  const about = (msg: string) => logged.filter((line) => line.msg === msg);
  expect(about("event received")).toMatchObject(
    ids.map((event, index) => ({ event, traceId: traceId(index + 1) })),
  );
  expect(about("event mapped")).toMatchObject(
    ids.map((event, index) => ({ event, traceId: traceId(index + 1) })),
  );
  expect(about("contact delivered")[0]).toMatchObject({ events: ids.slice(0, 1), traceId: traceId(1) });
  const modules = readFileSync(join(directory, "modules"), "utf8").split("\n");
  expect(modules.filter((url) => url.endsWith("/dist/main.js"))).toHaveLength(1);
  expect(modules.filter((url) => url.endsWith("/telemetry/open-telemetry.js"))).not.toEqual([]);
  expect(modules.filter((url) => url.includes("@opentelemetry"))).toEqual([]);
});

it("with an SDK one trace leads from the sender to the API, and merged events are links", async () => {
  const running = await start("tracing-sdk.mjs");
  const ids = await deliverThree(running);
  await running.end("SIGTERM");
  const text = readFileSync(join(directory, "spans"), "utf8");
  const spans = lines<WrittenSpan>(text);
  const find = (name: string, number: number) =>
    spans.find((span) => span.name === name && span.traceId === traceId(number));
  for (const [index, id] of ids.entries()) {
    const number = index + 1;
    const webhook = find("webhook", number);
    const accept = find("accept", number);
    const map = find("map", number);
    expect(webhook?.parentId).toBe(String(number).repeat(16));
    expect(webhook?.attributes).toMatchObject({ "relay.source": "form", "http.response.status_code": 200 });
    expect(accept?.parentId).toBe(webhook?.spanId);
    expect(accept?.attributes).toMatchObject({ "relay.event.id": id });
    expect(map?.parentId).toBe(accept?.spanId);
    expect(map?.attributes).toMatchObject({ "relay.event.id": id, "relay.outcome": "mapped" });
  }
  const deliver = find("deliver", 3);
  const request = find("PUT /contact/{identifier}", 3);
  expect(deliver?.parentId).toBe(find("map", 3)?.spanId);
  expect(deliver?.links).toEqual([traceId(2)]);
  expect(deliver?.attributes).toMatchObject({ "relay.updates": 2, "relay.outcome": "settled" });
  expect(request?.parentId).toBe(deliver?.spanId);
  expect(request?.attributes).toMatchObject({ "http.response.status_code": 200, "relay.result": "ok" });
  expect(sandbox.requests()[1]).toMatchObject({
    traceparent: `00-${traceId(3)}-${request?.spanId}-01`,
    tracestate,
  });
  expect(text).not.toMatch(/ada/i);
});
