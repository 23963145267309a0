import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Replica, Replicas } from "../store/replicas.ts";
import { createLogger } from "../telemetry/logger.ts";
import { startReplica } from "./replicas.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const about = (id: string, version = "1.0.0") =>
  ({ id, role: "all", version, label: `host/${id}`, since: Date.now() }) as const;

function stage() {
  const kept = new Map<string, Replica>();
  let isAway = false;
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { msg } = JSON.parse(chunk.toString()) as { msg: string };
      lines.push(msg);
      done();
    },
  });
  const answer = <Value>(value: Value) =>
    isAway ? Promise.reject(new Error("away")) : Promise.resolve(value);
  const replicas: Replicas = {
    tell: (replica) => answer(void kept.set(replica.id, replica)),
    forget: (id) => answer(void kept.delete(id)),
    list: () => answer([...kept.values()].map((replica) => ({ ...replica, seenAt: Date.now() }))),
  };
  const errors: unknown[] = [];
  const start = (configuration = "same") =>
    startReplica({
      store: { replicas },
      opened: Promise.resolve(),
      about: about("own"),
      configuration,
      clock: Date.now,
      log: createLogger({ level: "info", stream }),
      onError: (error) => errors.push(error),
    });
  return { kept, lines, errors, start, away: (is: boolean) => (isAway = is) };
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

it("a process tells at its start, of each new configuration at once, and that it stops", async () => {
  const { kept, start } = stage();
  const own = start("first");
  await pass(0);
  expect(kept.get("own")).toMatchObject({ configuration: "first" });
  await pass(3);
  own.configured("second");
  await pass(0);
  expect(kept.get("own")).toMatchObject({ configuration: "second", configuredAt: Date.now() });
  await own.close();
  await pass(60);
  expect(kept.size).toBe(0);
});

it("a difference is logged once when it has lasted a minute, and once when it is over", async () => {
  const { kept, lines, start } = stage();
  const own = start();
  kept.set("other", { ...about("other", "2.0.0"), configuration: "same", configuredAt: Date.now() });
  await pass(50);
  expect(lines).toEqual([]);
  await pass(60);
  expect(lines).toEqual(["the processes on this store differ in their version"]);
  kept.delete("other");
  await pass(60);
  expect(lines.slice(1)).toEqual(["the processes on this store are alike again in their version"]);
  await own.close();
});

it("a store that is away is told of, and asked again", async () => {
  const { kept, errors, start, away } = stage();
  away(true);
  const own = start();
  await pass(15);
  expect(errors).toHaveLength(2);
  away(false);
  await pass(10);
  expect(kept.has("own")).toBe(true);
  await own.close();
});
