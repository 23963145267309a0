import { expect, it } from "vitest";
import { delayBounds, delayBucket, delayQuantile, numberName, readNumberName } from "./numbers.ts";

it("a name is read as it was made, also of a source that has spaces", () => {
  expect(readNumberName(numberName("event", "accepted", "my shop"))).toEqual({
    kind: "event",
    what: "accepted",
    source: "my shop",
  });
  expect(readNumberName(numberName("delivered"))).toEqual({ kind: "delivered", what: "", source: "" });
});

it("a median and a p95 lie within the bucket that they are in", () => {
  const buckets = Array<number>(delayBounds.length + 1).fill(0);
  expect(delayQuantile(buckets, 0.5)).toBeUndefined();
  const add = (seconds: number, count: number) => {
    const at = delayBucket(seconds);
    buckets[at] = (buckets[at] ?? 0) + count;
  };
  add(0.07, 90);
  add(45, 10);
  expect(delayQuantile(buckets, 0.5)).toBeGreaterThan(0.05);
  expect(delayQuantile(buckets, 0.5)).toBeLessThanOrEqual(0.1);
  expect(delayQuantile(buckets, 0.95)).toBeGreaterThan(30);
  expect(delayQuantile(buckets, 0.95)).toBeLessThanOrEqual(60);
  add(1e9, 1_000);
  expect(delayQuantile(buckets, 0.95)).toBe(delayBounds.at(-1));
});
