import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacer, parsePace, startingPace, type Pace } from "./pace.ts";
import { reserveSlot } from "./gcra.ts";

function pacerAt(ceiling: number, kept: Pace = startingPace) {
  let now = 1_000_000;
  let pace = kept;
  const pacer = createPacer(ceiling, async (change) => {
    const changed = change(pace, now);
    pace = changed.pace;
    return changed.result;
  });
  return { pacer, advance: (ms: number) => (now += ms), now: () => now, kept: () => pace };
}

describe("slots", () => {
  it("whatever the arrivals, no second is granted more than rate + 1 slots", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 30, maxLength: 120 }),
        (rate, gaps) => {
          let now = 0;
          let dueAt = 0;
          const granted = gaps.map((gap) => {
            now += gap;
            const slot = reserveSlot(dueAt, now, rate);
            dueAt = slot.dueAt;
            return now + slot.waitMs;
          });
          for (const from of granted) {
            const within = granted.filter((at) => at >= from && at < from + 1_000).length;
            expect(within).toBeLessThanOrEqual(rate + 1);
          }
        },
      ),
    );
  });

  it("a steady backlog is granted the whole rate", () => {
    let dueAt = 0;
    let last = 0;
    for (let n = 0; n <= 1_000; n += 1) {
      const slot = reserveSlot(dueAt, 5_000, 10);
      dueAt = slot.dueAt;
      last = slot.waitMs;
    }
    expect(last).toBeGreaterThanOrEqual(99_900);
    expect(last).toBeLessThanOrEqual(100_000);
  });
});

describe("pauses", () => {
  it("nothing is granted before a pause is over, and the longer of two wins", async () => {
    const { pacer, advance } = pacerAt(10);
    await pacer.pause(5_000, "limited");
    await pacer.pause(100, "limited");
    expect(await pacer.take(1)).toEqual({ kind: "paused", waitMs: 5_000, reason: "limited" });
    advance(4_999);
    expect(await pacer.take(1)).toMatchObject({ kind: "paused", waitMs: 1 });
    advance(1);
    expect(await pacer.take(1)).toEqual({ kind: "slots", waitsMs: [0] });
  });

  it("a circuit lets a single probe through per interval until someone resumes", async () => {
    const { pacer, advance } = pacerAt(10);
    await pacer.pause(30_000, "unauthorized");
    advance(30_000);
    expect(await pacer.take(1)).toEqual({ kind: "slots", waitsMs: [0], probe: "unauthorized" });
    expect(await pacer.take(1)).toMatchObject({ kind: "paused", waitMs: 30_000, reason: "unauthorized" });
    expect(await pacer.state()).toMatchObject({ reason: "unauthorized", pausedForMs: 30_000 });
    await pacer.resume("failing");
    expect(await pacer.take(1)).toMatchObject({ kind: "paused" });
    await pacer.resume("unauthorized");
    expect(await pacer.take(1)).toMatchObject({ kind: "slots" });
    expect((await pacer.state()).reason).toBeUndefined();
  });

  it("a pause survives being written down and read again; what cannot be read is a fresh pace", async () => {
    const { pacer, kept } = pacerAt(10);
    await pacer.pause(5_000, "limited");
    const again = pacerAt(10, parsePace(JSON.stringify(kept())));
    expect(await again.pacer.take(1)).toMatchObject({ kind: "paused", reason: "limited" });
    expect(parsePace("{")).toEqual(startingPace);
    expect(parsePace(undefined)).toEqual(startingPace);
  });
});

/** What the API could count by; answers the seconds of Retry-After, or 0 when it lets a request through. */
type Limiter = (now: number) => number;

function fixedWindow(perSecond: number): Limiter {
  let window = -1;
  let count = 0;
  return (now) => {
    const current = Math.floor(now / 1_000);
    if (current !== window) [window, count] = [current, 0];
    count += 1;
    return count <= perSecond ? 0 : (current + 1) * 1_000 - now;
  };
}

function slidingWindow(perSecond: number): Limiter {
  let passed: number[] = [];
  return (now) => {
    passed = passed.filter((at) => at > now - 1_000);
    const [oldest] = passed;
    if (passed.length >= perSecond && oldest !== undefined) return oldest + 1_000 - now;
    passed.push(now);
    return 0;
  };
}

function tokenBucket(perSecond: number): Limiter {
  let tokens = perSecond;
  let at = 0;
  return (now) => {
    tokens = Math.min(perSecond, tokens + ((now - at) / 1_000) * perSecond);
    at = now;
    if (tokens < 1) return 1_000;
    tokens -= 1;
    return 0;
  };
}

describe("a ceiling set at twice what the API allows", () => {
  it.each([
    ["fixed windows", fixedWindow, false],
    ["a sliding window", slidingWindow, false],
    ["a token bucket", tokenBucket, false],
    ["fixed windows that say their limit", fixedWindow, true],
    ["a sliding window that says its limit", slidingWindow, true],
    ["a token bucket that says its limit", tokenBucket, true],
  ])(
    "still gets 85 percent of the allowed through with under 5 percent answered 429: %s",
    async (_name, limiterOf, says) => {
      for (const allowed of [5, 10, 50]) {
        const { pacer, advance, now } = pacerAt(2 * allowed);
        const limiter = limiterOf(allowed);
        const end = now() + 120_000;
        let passed = 0;
        let refused = 0;
        while (now() < end) {
          const grant = await pacer.take(1);
          advance(grant.kind === "slots" ? (grant.waitsMs[0] ?? 0) : grant.waitMs);
          if (grant.kind === "paused") continue;
          const retryAfterMs = limiter(now());
          if (retryAfterMs === 0) passed += 1;
          else {
            refused += 1;
            await pacer.pause(
              Math.ceil(retryAfterMs / 1_000) * 1_000,
              "limited",
              says ? { allowedRate: allowed } : {},
            );
          }
        }
        expect(passed, `${allowed}/s allowed`).toBeGreaterThanOrEqual(0.85 * allowed * 120);
        expect(refused / (passed + refused), `${allowed}/s allowed`).toBeLessThan(0.05);
      }
    },
  );
});

describe("the rate after a 429", () => {
  it("drops once per pause, however many requests were on the wire, and climbs back to the ceiling", async () => {
    const { pacer, advance } = pacerAt(10);
    await pacer.pause(1_000, "limited");
    await pacer.pause(1_500, "limited");
    await pacer.pause(2_000, "limited");
    expect((await pacer.state()).rate).toBe(8.5);
    advance(1_000);
    expect((await pacer.state()).rate).toBe(9);
    advance(20_000);
    expect((await pacer.state()).rate).toBeCloseTo(9.5, 1);
    advance(20_000);
    expect((await pacer.state()).rate).toBe(10);
  });

  it("follows what the API says it allows, but no single answer more than halves it", async () => {
    const told = pacerAt(20);
    await told.pacer.pause(1_000, "limited", { allowedRate: 12 });
    expect((await told.pacer.state()).rate).toBe(11.4);
    const hostile = pacerAt(20);
    await hostile.pacer.pause(1_000, "limited", { allowedRate: 1 });
    expect((await hostile.pacer.state()).rate).toBe(10);
    const generous = pacerAt(20);
    await generous.pacer.pause(1_000, "limited", { allowedRate: 600 });
    expect((await generous.pacer.state()).rate).toBe(17);
  });

  it("never falls to nothing", async () => {
    const { pacer, advance } = pacerAt(10);
    for (let n = 0; n < 200; n += 1) {
      await pacer.pause(10, "limited");
      advance(11);
    }
    expect((await pacer.state()).rate).toBeGreaterThanOrEqual(0.5);
  });
});
