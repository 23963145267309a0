import { expect, it } from "vitest";
import { overlap } from "./subjects.ts";

it.each([
  ["crm.users", "crm.users", true],
  ["crm.users", "crm.*", true],
  ["crm.>", "crm.users.changed", true],
  ["*.users", "crm.>", true],
  [">", "crm", true],
  ["crm.*.changed", "crm.users.*", true],
  ["crm.>", "crm", false],
  ["crm", "crm.>", false],
  ["crm.*", "crm.users.changed", false],
  ["crm.users", "crm.orders", false],
  ["orders.>", "crm.>", false],
])("%s and %s can match the same subject: %s", (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
  expect(overlap(other, one)).toBe(expected);
});
