import * as fc from "fast-check";
import { expect, it } from "vitest";
import { retryAfterMaxMs, retryAfterMs } from "./retry-after.ts";

const now = Date.UTC(2026, 0, 5, 10, 0, 0);
const httpDate = (ms: number) => new Date(ms).toUTCString();

it.each([
  ["seconds", { header: "2" }, 2_000],
  ["decimals", { header: "0.25" }, 250],
  ["an HTTP-date", { header: httpDate(now + 5_000) }, 5_000],
  [
    "an HTTP-date by a clock that runs an hour ahead",
    { header: httpDate(now + 3_605_000), dateHeader: httpDate(now + 3_600_000) },
    5_000,
  ],
  ["the body's retryAfter", { header: null, body: { retryAfter: 3 } }, 3_000],
  ["the body's retryAfter as a text", { header: null, body: { retryAfter: "1.5" } }, 1_500],
  ["header and body: the longer", { header: "1", body: { retryAfter: 3 } }, 3_000],
  ["absurd: capped", { header: "86400" }, retryAfterMaxMs],
  ["absurd date: capped", { header: httpDate(now + 1e12) }, retryAfterMaxMs],
  ["absent", { header: null }, undefined],
  ["zero", { header: "0" }, undefined],
  ["negative", { header: "-5" }, undefined],
  ["a date in the past", { header: httpDate(now - 5_000) }, undefined],
  ["words", { header: "soon" }, undefined],
  ["a body that is a list", { header: null, body: [1] }, undefined],
  ["infinite", { header: null, body: { retryAfter: Number.POSITIVE_INFINITY } }, retryAfterMaxMs],
  ["not a number", { header: null, body: { retryAfter: Number.NaN } }, undefined],
] as const)("%s", (_name, hint, expected) => {
  expect(retryAfterMs({ body: undefined, now, ...hint })).toBe(expected);
});

it("whatever is sent, the hint is absent or between 1 ms and an hour", () => {
  fc.assert(
    fc.property(fc.option(fc.string()), fc.option(fc.string()), fc.anything(), (header, dateHeader, body) => {
      const ms = retryAfterMs({ header, dateHeader, body, now });
      if (ms === undefined) return;
      expect(ms).toBeGreaterThanOrEqual(1);
      expect(ms).toBeLessThanOrEqual(retryAfterMaxMs);
    }),
  );
});

it("asking for more never makes the wait shorter", () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(10_000), (a, b) => {
      const wait = (seconds: number) => retryAfterMs({ header: String(seconds), body: undefined, now }) ?? 0;
      expect(wait(Math.max(a, b))).toBeGreaterThanOrEqual(wait(Math.min(a, b)));
    }),
  );
});
