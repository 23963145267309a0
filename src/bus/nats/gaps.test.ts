import { expect, it } from "vitest";
import { watchGaps } from "./gaps.ts";

function watch(order = 0, sequence = 0) {
  const lost: number[] = [];
  const gaps = watchGaps({ order, sequence }, (count) => lost.push(count));
  const delivered = (turn: number, place: number, count = 1) =>
    gaps.delivered({ order: turn, sequence: place, count, takenNs: 0n });
  return { lost, gaps, delivered };
}

it("nothing is missing where places and deliveries go on together", () => {
  const { lost, gaps, delivered } = watch(3, 7);
  delivered(4, 8);
  delivered(5, 9);
  gaps.reached({ order: 8, sequence: 12 });
  delivered(9, 13);
  expect(lost).toEqual([]);
});

it("places that were passed over without a delivery are missing, once", () => {
  const { lost, gaps, delivered } = watch();
  delivered(1, 1);
  delivered(2, 10);
  gaps.reached({ order: 2, sequence: 10 });
  gaps.reached({ order: 2, sequence: 14 });
  gaps.reached({ order: 2, sequence: 14 });
  delivered(3, 15);
  expect(lost).toEqual([8, 4]);
});

it("repetitions are no first deliveries", () => {
  const { lost, delivered } = watch();
  delivered(1, 1);
  delivered(2, 1, 2);
  delivered(3, 1, 3);
  delivered(4, 5);
  expect(lost).toEqual([3]);
});

it("repetitions that others were given make the count smaller, and never larger", () => {
  const { lost, delivered } = watch();
  delivered(1, 1);
  delivered(4, 3);
  delivered(5, 9);
  expect(lost).toEqual([5]);
});

it("what is still on its way when the server is asked is not counted twice", () => {
  const { lost, gaps, delivered } = watch();
  delivered(1, 1);
  gaps.reached({ order: 6, sequence: 4 });
  delivered(2, 1, 2);
  delivered(3, 1, 3);
  delivered(4, 2);
  delivered(5, 3);
  delivered(6, 4);
  delivered(7, 5);
  expect(lost).toEqual([]);
  delivered(8, 9);
  expect(lost).toEqual([3]);
});
