import { expect, test } from "vitest";
import { closest } from "./closest.ts";

const known = ["firstName", "secrets", "secret", "custom_fields", "id"];

test.each([
  ["first_name", "firstName"],
  ["FIRSTNAME", "firstName"],
  ["fristName", "firstName"],
  ["secert", "secret"],
  ["customFields", "custom_fields"],
  ["ids", "id"],
  ["cutsom-field", undefined],
  ["token", undefined],
  ["", undefined],
])("%s is taken for %s", (word, expected) => {
  expect(closest(word, known)).toBe(expected);
});

test("a word of any length is compared quickly", () => {
  expect(closest("x".repeat(1_000_000), known)).toBeUndefined();
});
