import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Gate, Passage } from "../delivery/pace.ts";
import { createConnections } from "../outbound/connections.ts";
import { startSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import type { Pacer, PauseReason } from "../store/store.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { watchFields } from "./fields.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

let sandbox: Sandbox;
let now = 0;
let lines: string[] = [];
let holds: number[] = [];
let pauses: number[] = [];
let passed = 0;

beforeEach(async () => {
  sandbox = await startSandbox({ ratePerSecond: 0, customFields: { Plan: { type: "text" } } });
  now = 1_000_000;
  [lines, holds, pauses, passed] = [[], [], [], 0];
});
afterEach(async () => {
  await sandbox.close();
});

function watch(reason?: PauseReason, probe?: PauseReason) {
  const gate: Gate = {
    async pass<Message>(_signal: AbortSignal, compose: () => Promise<Message | undefined>) {
      passed += 1;
      const passage: Passage<Message> = { message: await compose(), probe };
      return passage;
    },
    hold: (forMs) => void holds.push(forMs),
  };
  const pacer: Pick<Pacer, "state" | "pause"> = {
    state: async () => ({ rate: 10, ceiling: 10, pausedForMs: 0, ...(reason && { reason }) }),
    pause: async (forMs) => void pauses.push(forMs),
  };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return watchFields({
    api: { baseUrl: sandbox.url, token: "any", timeoutMs: 2_000 },
    connections,
    gate,
    pacer,
    clock: () => now,
    log: createLogger({ level: "info", stream }),
    metrics: createMetrics({ ofProcess: false }),
  });
}

const said = (words: string) => lines.filter((line) => line.includes(words)).length;

it("a page takes a slot, and the log tells how many fields there are", async () => {
  await watch().ready();
  expect([passed, sandbox.requests().length]).toEqual([1, 1]);
  expect(said('"fields":1')).toBe(1);
});

it.each(["unauthorized", "failing"] as const)(
  "while the destination is %s nothing is asked",
  async (reason) => {
    await watch(reason).ready();
    expect([passed, sandbox.requests().length]).toEqual([0, 0]);
    expect(said("cannot be read")).toBe(1);
  },
);

it("a slot that is to find out whether the API answers again is not for it", async () => {
  await watch(undefined, "failing").ready();
  expect(sandbox.requests()).toEqual([]);
});

it("a 429 pauses every request of the destination, in this process at once", async () => {
  sandbox.fault({ status: 429, retryAfter: "3", times: 1 });
  await watch().ready();
  expect([holds, pauses, passed]).toEqual([[3_000], [3_000], 2]);
  expect(said('"fields":1')).toBe(1);
});

it("what the log says of a reading it says once, until it is another", async () => {
  sandbox.setCustomFields({ reading: "forbidden" });
  const fields = watch();
  await fields.ready();
  for (let minute = 0; minute < 3; minute += 1) {
    now += 60_000;
    await fields.renew();
  }
  expect(sandbox.requests()).toHaveLength(4);
  expect(said("may not read")).toBe(1);
  sandbox.setCustomFields({ reading: "allowed" });
  now += 60_000;
  await fields.renew();
  expect(said("are known")).toBe(1);
});
