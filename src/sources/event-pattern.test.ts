import { expect, test } from "vitest";
import { matchesPattern } from "./event-pattern.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

test.each([
  ["orders/*", "orders/create", true],
  ["orders/*", "orders/", true],
  ["orders/*", "draft_orders/create", false],
  ["*/create", "orders/create", true],
  ["*/create", "orders/created", false],
  ["customers/create", "customers/create", true],
  ["customers/create", "customers/created", false],
  ["customers/create", "Customers/Create", false],
  ["*", "", true],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "a-c", false],
  ["a*bc*c", "abc", false],
  ["a.c", "abc", false],
  ["**", "anything", true],
])("the pattern %s against the type %s: %s", (pattern, type, expected) => {
  expect(matchesPattern(pattern, type)).toBe(expected);
});

test("a pattern of many stars against a long type costs next to nothing", () => {
  expectQuick(() => expect(matchesPattern(`${"*a".repeat(50)}b`, "a".repeat(100_000))).toBe(false));
});
