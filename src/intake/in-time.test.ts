import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createInTime } from "./in-time.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const withinASecond = () => createInTime(1_000, "the store did not answer");

it("what answers in time is told as it is, and leaves no timer behind", async () => {
  const inTime = withinASecond();
  expect(await inTime(Promise.resolve(7))).toEqual({ ok: true, result: 7 });
  const cause = new Error("no");
  expect(await inTime(Promise.reject(cause))).toEqual({ ok: false, cause });
  expect(vi.getTimerCount()).toBe(0);
});

it("each has the whole time for itself, whoever shares the timer", async () => {
  const inTime = withinASecond();
  const told: string[] = [];
  const never = new Promise<never>(() => undefined);
  const ask = async (name: string, work: Promise<unknown>) => {
    const outcome = await inTime(work);
    told.push(
      `${name} ${outcome.ok ? "in time" : String(outcome.cause)} at ${performance.now() - startedAt}`,
    );
  };
  const startedAt = performance.now();
  void ask("first", never);
  await vi.advanceTimersByTimeAsync(600);
  void ask("second", never);
  void ask("quick", Promise.resolve());
  await vi.advanceTimersByTimeAsync(399);
  expect(told).toEqual(["quick in time at 600"]);
  await vi.advanceTimersByTimeAsync(1_000);
  const late = "Error: the store did not answer within 1000 ms";
  expect(told).toEqual(["quick in time at 600", `first ${late} at 1000`, `second ${late} at 1600`]);
  expect(vi.getTimerCount()).toBe(0);
});
