import { expect, it } from "vitest";
import { createHand, type Held } from "./hand.ts";

const held = (tag: number, bytes = 1): Held => ({
  message: { headers: {}, body: Buffer.alloc(bytes), position: "the same", at: undefined },
  tag,
  redelivered: false,
  takenAt: 0,
});

function handOf(...ones: readonly Held[]) {
  const hand = createHand(10);
  for (const one of ones) hand.add(one);
  return hand;
}

it("gives what waits in its order, fewer where they are large, and a larger one alone", () => {
  const ones = [held(1, 4), held(2, 4), held(3, 4), held(4, 99), held(5)];
  const hand = handOf(...ones);
  expect(hand.fetch(1)).toEqual([ones[0]?.message]);
  expect(hand.fetch(9)).toHaveLength(2);
  expect(hand.waitingBytes()).toBe(100);
  expect(hand.fetch(9)).toEqual([ones[3]?.message]);
  expect(hand.fetch(9)).toEqual([ones[4]?.message]);
  expect(hand.fetch(9)).toEqual([]);
  expect(hand.size()).toBe(5);
});

it("all that is settled up to the last of them can be told in one word, what leaves a gap cannot", () => {
  const ones = [held(1), held(2), held(3), held(4)] as const;
  const hand = handOf(...ones);
  const [first, second, third] = hand.fetch(3);
  if (!first || !second || !third) throw new Error("nothing was fetched");
  expect(hand.remove([third])).toEqual({ removed: [ones[2]], upTo: undefined });
  expect(hand.remove([first, second])).toEqual({ removed: [ones[0], ones[1]], upTo: 2 });
  expect(hand.remove([first])).toEqual({ removed: [], upTo: undefined });
  expect(hand.size()).toBe(1);
});

it("what is kept comes again in its place, and counts as a gap", () => {
  const ones = [held(1), held(2), held(3), held(4)] as const;
  const hand = handOf(...ones);
  const [first, second, third] = hand.fetch(3);
  if (!first || !second || !third) throw new Error("nothing was fetched");
  hand.keep(hand.remove([first]).removed);
  hand.keep(hand.remove([third]).removed);
  expect(hand.remove([second])).toEqual({ removed: [ones[1]], upTo: undefined });
  expect(hand.waitingBytes()).toBe(3);
  expect(hand.fetch(9)).toEqual([ones[0].message, ones[2].message, ones[3].message]);
});

it("what waits can be let go of, and what was fetched stays", () => {
  const ones = [held(1), held(2)] as const;
  const hand = handOf(...ones);
  hand.fetch(1);
  expect(hand.drain()).toEqual([ones[1]]);
  expect([hand.size(), hand.waiting(), hand.waitingBytes()]).toEqual([1, 0, 0]);
});
