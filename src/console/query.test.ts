import { describe, expect, it } from "vitest";
import { fitsPattern, readQuery, withWord } from "./query.ts";

const now = Date.UTC(2026, 0, 31, 8);

describe("the query bar", () => {
  it("reads its words in any order, quoted where they hold a space", () => {
    expect(
      readQuery('state:failed source:"my shop" type:orders/* contact:email:a@b.co since:24h', now),
    ).toEqual({
      state: "failed",
      source: "my shop",
      type: "orders/*",
      contact: "email:a@b.co",
      from: "2026-01-30T08:00:00.000Z",
      problems: [],
    });
  });

  it("says of every word that it does not understand why", () => {
    const { problems } = readQuery("state:sleeping since:soon from:never word who:me source:", now);
    expect(problems).toHaveLength(6);
  });

  it("changes one word and leaves the others", () => {
    expect(withWord("source:shop state:failed", "state", "waiting")).toBe("source:shop state:waiting");
    expect(withWord("source:shop state:failed", "state", undefined)).toBe("source:shop");
    expect(withWord("", "source", "my shop")).toBe('source:"my shop"');
  });
});

describe("a pattern", () => {
  it.each([
    ["orders/*", "orders/create", true],
    ["*", "", true],
    ["*/create", "orders/create", true],
    ["o*s/c*e", "orders/create", true],
    ["orders/", "orders/create", false],
    ["order.", "orders", false],
    ["", "x", false],
  ])("%s of %s: %s", (pattern, text, fits) => {
    expect(fitsPattern(pattern, text)).toBe(fits);
  });

  it("of many stars takes no time", () => {
    expect(fitsPattern(`${"*a".repeat(200)}b`, "a".repeat(5_000))).toBe(false);
  });
});
