import fc from "fast-check";
import { expect, it } from "vitest";
import { createContactPace } from "./contact-pace.ts";

it("in any second at most its rate, and no more waiting than that takes", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0.5, 1, 2.5, 5, 50),
      fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 60 }),
      (perSecond, pauses) => {
        let now = 1_000_000;
        const pace = createContactPace(perSecond, () => now);
        const left: number[] = [];
        for (const pauseMs of pauses) {
          now += pauseMs;
          const delayMs = pace.delayMs("id:1");
          expect(delayMs).toBeLessThanOrEqual(1_015 * Math.max(1, 1 / perSecond) * 1.5);
          now += delayMs;
          expect(pace.delayMs("id:1")).toBe(0);
          pace.over("id:1");
          left.push(now);
        }
        const perWindow = Math.max(1, Math.floor(perSecond));
        const spanMs = (1_000 * perWindow) / perSecond;
        for (const at of left) {
          expect(left.filter((other) => other >= at && other < at + spanMs).length).toBeLessThanOrEqual(
            perWindow,
          );
        }
      },
    ),
  );
});

it("one contact's requests hold up no other", () => {
  const pace = createContactPace(1, () => 0);
  pace.over("id:1");
  expect(pace.delayMs("id:1")).toBeGreaterThan(0);
  expect(pace.delayMs("id:2")).toBe(0);
});

it("a clock that is set back holds nobody up for longer than a second", () => {
  let now = 10_000_000;
  const pace = createContactPace(5, () => now);
  for (let n = 0; n < 5; n += 1) pace.over("id:1");
  now -= 3_600_000;
  expect(pace.delayMs("id:1")).toBe(0);
});
