import fc from "fast-check";
import { expect, it } from "vitest";
import { retryDelayMs } from "./retry-schedule.ts";

const schedule = { firstMs: 1_000, maxMs: 300_000 };

it("doubles from the first delay to the cap", () => {
  const delays = [1, 2, 3, 8, 9, 10, 1_000].map((attempt) => retryDelayMs(schedule, attempt, undefined, 0));
  expect(delays).toEqual([1_000, 2_000, 4_000, 128_000, 256_000, 300_000, 300_000]);
});

it("jitter spreads over the upper half and never over the cap", () => {
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const full = retryDelayMs(schedule, attempt, undefined, 0);
      const delay = retryDelayMs(schedule, attempt, undefined, random);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }),
  );
});

it("a hint of the API only ever delays", () => {
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.nat(10_000_000),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, hint, r) => {
        const without = retryDelayMs(schedule, n, undefined, r);
        const withHint = retryDelayMs(schedule, n, hint, r);
        expect(withHint).toBe(Math.max(without, hint));
      },
    ),
  );
});

it("any input gives a finite delay of at least 1 ms", () => {
  fc.assert(
    fc.property(fc.double(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const delay = retryDelayMs(schedule, attempt, undefined, random);
      expect(Number.isFinite(delay)).toBe(true);
      expect(delay).toBeGreaterThanOrEqual(1);
    }),
  );
});
