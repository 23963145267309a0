import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLimiter, limiterKinds, type LimiterKind } from "./rate-limit.ts";

/** The most requests let through in any span of a second. */
function mostInASecond(kind: LimiterKind, perSecond: number, gapsMs: readonly number[]): number {
  const limiter = createLimiter(kind, perSecond);
  const passed: number[] = [];
  let now = 1_700_000_000_000;
  for (const gapMs of gapsMs) {
    now += gapMs;
    if (limiter(now).allowed) passed.push(now);
  }
  return Math.max(
    0,
    ...passed.map((at) => passed.filter((other) => other >= at && other < at + 1_000).length),
  );
}

const traffic = fc.array(fc.nat(400), { minLength: 1, maxLength: 120 });

describe("no traffic gets more through than", () => {
  it.each([
    ["fixed-window", 2],
    ["sliding-window", 1],
    ["token-bucket", 2],
  ] as const)("%s: %i times the limit in any second", (kind, times) => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 1, max: 20 }), (gaps, limit) => {
        expect(mostInASecond(kind, limit, gaps)).toBeLessThanOrEqual(limit * times);
      }),
    );
  });
});

it.each(limiterKinds)("%s: who waits as long as it says gets through", (kind) => {
  fc.assert(
    fc.property(traffic, fc.integer({ min: 1, max: 20 }), (gaps, limit) => {
      const limiter = createLimiter(kind, limit);
      let now = 1_700_000_000_000;
      for (const gap of gaps) {
        now += gap;
        const { allowed, retryAfterMs } = limiter(now);
        if (allowed) continue;
        now += Math.ceil(retryAfterMs);
        expect(limiter(now).allowed).toBe(true);
      }
    }),
  );
});

it.each(limiterKinds)("%s: half a request per second is one in two seconds", (kind) => {
  const limiter = createLimiter(kind, 0.5);
  const passed = Array.from({ length: 100 }, (_, n) => 1_000_000 + n * 100).filter(
    (at) => limiter(at).allowed,
  );
  expect(passed).toEqual([1_000_000, 1_002_000, 1_004_000, 1_006_000, 1_008_000]);
});

it("a bucket fills up while nothing is asked, to its brim and no further", () => {
  const limiter = createLimiter("token-bucket", 10);
  for (let n = 0; n < 10; n += 1) limiter(0);
  expect(limiter(0)).toEqual({ allowed: false, limit: 10, remaining: 0, retryAfterMs: 100 });
  expect(limiter(500)).toMatchObject({ allowed: true, remaining: 4 });
  expect(limiter(60_000)).toMatchObject({ allowed: true, remaining: 9 });
});

it("a clock that was set back does not empty a bucket for ever", () => {
  const limiter = createLimiter("token-bucket", 1);
  limiter(1_000_000);
  limiter(0);
  expect(limiter(1_000).allowed).toBe(true);
});

it.each(limiterKinds)("%s: without a rate everything passes", (kind) => {
  const limiter = createLimiter(kind, 0);
  for (let n = 0; n < 1_000; n += 1) expect(limiter(0).allowed).toBe(true);
});
