import fc from "fast-check";
import { expect, it } from "vitest";
import { priorities, type Priority } from "../contact/priority.ts";
import { createTurns, turnsPerShare } from "./turns.ts";

it("the highest that waits is next; while it never ends, each one below has every ninth turn", () => {
  const turns = createTurns();
  const counts = { high: 0, normal: 0, low: 0 };
  const taken = Array.from({ length: 900 }, () => turns.next(() => true));
  for (const priority of taken) if (priority) counts[priority] += 1;
  expect(taken.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => "high"));
  expect(counts.normal).toBeGreaterThanOrEqual(99);
  expect(counts.low).toBeGreaterThanOrEqual(99);
  expect(counts.high).toBeGreaterThanOrEqual(690);
});

it("whatever comes and goes, nothing that waits misses more than nine turns, and only what waits has one", () => {
  const waiting = fc.array(fc.subarray([...priorities]), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(waiting, (history) => {
      const turns = createTurns();
      const missed = { high: 0, normal: 0, low: 0 };
      for (const present of history) {
        const next = turns.next((priority) => present.includes(priority));
        expect(next === undefined ? present : [next]).toEqual(present.filter((one) => one === next));
        for (const priority of priorities) {
          missed[priority] = present.includes(priority) && priority !== next ? missed[priority] + 1 : 0;
        }
        expect(Math.max(missed.normal, missed.low)).toBeLessThanOrEqual(turnsPerShare);
        expect(missed.high).toBeLessThanOrEqual(2);
      }
    }),
  );
});

it("one that has just come does not go before what is higher", () => {
  const turns = createTurns();
  const high: Priority[] = ["high"];
  for (let turn = 0; turn < 50; turn += 1) turns.next((priority) => high.includes(priority));
  expect(turns.next(() => true)).toBe("high");
});
