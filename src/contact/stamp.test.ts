import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aheadToleranceMs, compareStamps, effectiveTime, makeStamp } from "./stamp.ts";

const receivedAt = Date.UTC(2024, 11, 31);

describe("the time of an event", () => {
  it.each([
    ["none is given", undefined],
    ["it is not a number", Number.NaN],
    ["it is infinite", Number.POSITIVE_INFINITY],
    ["it lies before 1970", -1],
    ["the sender's clock runs ahead", receivedAt + aheadToleranceMs + 1],
  ])("is its arrival when %s", (_, occurredAt) => {
    expect(effectiveTime(occurredAt, receivedAt)).toBe(receivedAt);
  });

  it("is the provider's otherwise, in whole milliseconds", () => {
    expect(effectiveTime(receivedAt - 1000.5, receivedAt)).toBe(receivedAt - 1001);
    expect(effectiveTime(0, receivedAt)).toBe(0);
    expect(effectiveTime(receivedAt + aheadToleranceMs, receivedAt)).toBe(receivedAt + aheadToleranceMs);
  });

  it("is never later than the tolerance after arrival, so that no field is blocked for ever", () => {
    fc.assert(
      fc.property(fc.option(fc.double(), { nil: undefined }), fc.nat(), (occurredAt, receivedAt) => {
        const time = effectiveTime(occurredAt, receivedAt);
        expect(time).toBeGreaterThanOrEqual(0);
        expect(time).toBeLessThanOrEqual(receivedAt + aheadToleranceMs);
      }),
    );
  });
});

describe("stamps", () => {
  const timeMs = fc.oneof(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: receivedAt, max: receivedAt + 2 }),
    fc.nat({ max: 253_402_300_799_999 }),
  );
  const event = fc.record({
    occurredAt: timeMs,
    receivedAt: timeMs,
    id: fc.stringMatching(/^evt_[0-9A-Z]{2}$/),
    replay: fc.oneof(fc.nat({ max: 11 }), fc.nat({ max: 999_999 })),
  });

  it("sort by event time, then arrival, then event id, then replay", () => {
    fc.assert(
      fc.property(event, event, (a, b) => {
        const expected =
          a.occurredAt - b.occurredAt ||
          a.receivedAt - b.receivedAt ||
          (a.id === b.id ? 0 : a.id < b.id ? -1 : 1) ||
          a.replay - b.replay;
        expect(Math.sign(compareStamps(makeStamp(a), makeStamp(b)))).toBe(Math.sign(expected));
      }),
      { numRuns: 2000 },
    );
  });

  it("are the same only for the same run of the same event", () => {
    const anyId = event.chain((fields) => fc.string().map((id) => ({ ...fields, id })));
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        const isSame =
          a.occurredAt === b.occurredAt &&
          a.receivedAt === b.receivedAt &&
          a.id === b.id &&
          a.replay === b.replay;
        expect(makeStamp(a) === makeStamp(b)).toBe(isSame);
      }),
    );
  });

  it("of a replay come after those of its earlier runs and before those of newer events", () => {
    const first = { occurredAt: 1, receivedAt: 2, id: "evt_A", replay: 0 };
    const run = makeStamp(first);
    const replay = makeStamp({ ...first, replay: 1 });
    const newer = makeStamp({ ...first, receivedAt: 3 });
    expect([newer, replay, run].sort(compareStamps)).toEqual([run, replay, newer]);
  });
});
