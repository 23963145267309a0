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
  ["infinite", { header: null, body: { retryAfter: Number.POSITIVE_INFINITY } }, undefined],
  ["more digits than a number holds: capped", { header: "9".repeat(400) }, retryAfterMaxMs],
  [
    "more digits, as the body's text: capped",
    { header: null, body: { retryAfter: "9".repeat(400) } },
    retryAfterMaxMs,
  ],
  [
    "the longest finite number: capped",
    { header: null, body: { retryAfter: Number.MAX_VALUE } },
    retryAfterMaxMs,
  ],
  ["sent twice: the longer", { header: "2, 7" }, 7_000],
  ["a date as clocks of 1994 wrote it", { header: "Monday, 05-Jan-26 10:00:04 GMT" }, 4_000],
  ["a date without a zone is GMT", { header: "Mon Jan  5 10:00:06 2026" }, 6_000],
  ["a Date that is none leaves our clock", { header: httpDate(now + 5_000), dateHeader: "5" }, 5_000],
  ["words in which Date.parse finds a year", { header: "wait 2099" }, undefined],
  ["a header of nothing, a body of something", { header: "0", body: { retryAfter: 2 } }, 2_000],
  ["not a number", { header: null, body: { retryAfter: Number.NaN } }, undefined],
] as const)("%s", (_name, hint, expected) => {
  expect(retryAfterMs({ body: undefined, now, ...hint })).toBe(expected);
});

const anyHeader = fc.option(
  fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.stringMatching(/^[0-9.,e+ -]{1,12}$/),
    fc.date().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  ),
);
const anyBody = fc.oneof(
  fc.anything(),
  fc.record({ retryAfter: fc.oneof(fc.double(), fc.string(), fc.double().map(String), fc.anything()) }),
);

it("whatever is sent, the hint is absent or between 1 ms and an hour", () => {
  fc.assert(
    fc.property(anyHeader, anyHeader, anyBody, (header, dateHeader, body) => {
      const ms = retryAfterMs({ header, dateHeader, body, now });
      if (ms === undefined) return;
      expect(ms).toBeGreaterThanOrEqual(1);
      expect(ms).toBeLessThanOrEqual(retryAfterMaxMs);
    }),
    { numRuns: 1_000 },
  );
});

const inEachPlace = {
  "in the header": (seconds) => ({ header: String(seconds), body: undefined }),
  "in the body": (seconds) => ({ header: null, body: { retryAfter: seconds } }),
  "as the body's text": (seconds) => ({ header: null, body: { retryAfter: String(seconds) } }),
  "as a date": (seconds) => ({ header: httpDate(now + seconds * 1_000), body: undefined }),
} satisfies Record<string, (seconds: number) => { header: string | null; body: unknown }>;

it.each(Object.entries(inEachPlace))("asking for more %s never makes the wait shorter", (_name, hint) => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (a, b) => {
      const wait = (seconds: number) => retryAfterMs({ ...hint(seconds), now }) ?? 0;
      expect(wait(Math.max(a, b))).toBeGreaterThanOrEqual(wait(Math.min(a, b)));
      expect(wait(a)).toBe(Math.min(a * 1_000, retryAfterMaxMs));
    }),
  );
});

it("two hints never wait shorter than either of them alone", () => {
  fc.assert(
    fc.property(anyHeader, anyBody, (header, body) => {
      const both = retryAfterMs({ header, body, now }) ?? 0;
      expect(both).toBeGreaterThanOrEqual(retryAfterMs({ header, body: undefined, now }) ?? 0);
      expect(both).toBeGreaterThanOrEqual(retryAfterMs({ header: null, body, now }) ?? 0);
    }),
  );
});
