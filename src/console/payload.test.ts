import { describe, expect, it } from "vitest";
import { linesMax, linesOf, originsOf } from "./payload.ts";

const { lines } = linesOf({
  customer: { first: "Ada", emails: ["a@b.co"] },
  total: "12",
  totals: 1,
  none: {},
});

describe("a payload line by line", () => {
  it("has a line for every value, with its path", () => {
    expect(lines.map(({ path, value }) => [path, value])).toEqual([
      ["customer", undefined],
      ["customer.first", '"Ada"'],
      ["customer.emails", undefined],
      ["customer.emails[0]", '"a@b.co"'],
      ["total", '"12"'],
      ["totals", "1"],
      ["none", "{}"],
    ]);
  });

  it("ends where a page would be too long, and says so", () => {
    const long = linesOf(Array.from({ length: linesMax + 1 }, (_, index) => index));
    expect(long.lines).toHaveLength(linesMax);
    expect(long.more).toBe(true);
  });
});

describe("where a field came from", () => {
  it.each([
    ["customer.first", ["customer.first"]],
    ["$.customer.emails[0]", ["customer.emails[0]"]],
    ["$number(total)", ["total"]],
    ["customer.first & ' ' & total", ["customer.first", "total"]],
    ["nothing.of.it", []],
  ])("%s", (from, paths) => {
    expect(originsOf(from, lines).map(({ path }) => path)).toEqual(paths);
  });
});
