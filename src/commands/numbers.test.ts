import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { readNumberName, type MinuteCount } from "../store/numbers.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { startCounting } from "./numbers.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function stage() {
  const written: (readonly MinuteCount[])[] = [];
  const errors: unknown[] = [];
  const store = {
    isAway: false,
    numbers: {
      add(counts: readonly MinuteCount[]) {
        if (store.isAway) return Promise.reject(new Error("away"));
        written.push(counts);
        return Promise.resolve();
      },
      read: () => Promise.resolve([]),
    },
  };
  const counting = startCounting({
    store,
    sources: new Set(["shop"]),
    clock: () => Date.now(),
    onError: (error) => errors.push(error),
  });
  const sums = () => {
    const sum: Record<string, number> = {};
    for (const { name, count } of written.flat()) sum[name.trim()] = (sum[name.trim()] ?? 0) + count;
    return sum;
  };
  return {
    counting,
    metrics: counting.counted(createMetrics({ ofProcess: false })),
    store,
    written,
    errors,
    sums,
  };
}

it("what is counted within a few seconds is one write, however much it is", async () => {
  const { counting, metrics, written, sums } = stage();
  for (let n = 0; n < 1_000; n += 1) {
    metrics.event("shop", "accepted");
    metrics.request("200", "ok", 0.01);
    metrics.acceptedToDelivered(0.07);
  }
  await vi.advanceTimersByTimeAsync(5_000);
  expect(written).toHaveLength(1);
  expect(sums()).toMatchObject({
    "event accepted shop": 1_000,
    "request 200": 1_000,
    delivered: 1_000,
    delay: 70_000,
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toHaveLength(1);
  await counting.close();
});

it("answers of the API are counted by what an operator does about them", async () => {
  const { counting, metrics, sums } = stage();
  const answers = [
    ["401", "unauthorized"],
    ["403", "unauthorized"],
    ["400", "invalid"],
    ["422", "invalid"],
    ["503", "unavailable"],
    ["timeout", "timeout"],
    ["network", "network"],
    ["449", "busy"],
    ["200", "not-the-contract"],
    ["302", "redirect"],
  ] as const;
  for (const [status, result] of answers) metrics.request(status, result, 1);
  await counting.close();
  expect(sums()).toEqual({
    "request 401/403": 2,
    "request 400": 2,
    "request 5xx": 1,
    "request network": 2,
    "request 449": 1,
    "request other": 2,
  });
});

it("a name that a sender could choose is never kept: what belongs to no source is counted without one", async () => {
  const { counting, metrics, sums } = stage();
  metrics.event("unknown", "unknown-source");
  metrics.mapped("removed", "mapped");
  await counting.close();
  expect(sums()).toEqual({ "mapping mapped": 1 });
});

it("while the store is away counts are kept, and written once it is back", async () => {
  const { counting, metrics, store, written, errors, sums } = stage();
  store.isAway = true;
  metrics.event("shop", "unavailable");
  await vi.advanceTimersByTimeAsync(60_000);
  metrics.event("shop", "unavailable");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(errors.length).toBeGreaterThan(1);
  store.isAway = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sums()).toEqual({ "event unavailable shop": 2 });
  expect(new Set(written.flat().map(({ minute }) => minute)).size).toBe(2);
  await counting.close();
});

it("what was counted last is written at the end", async () => {
  const { counting, metrics, written } = stage();
  metrics.parked("invalid");
  await counting.close();
  expect(written.flat().map(({ name }) => readNumberName(name).kind)).toEqual(["parked"]);
});
