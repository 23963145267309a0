import { expect, it } from "vitest";
import jsonata from "jsonata";
import { pathsOf } from "./paths.ts";

const payload = {
  first_name: "Ada",
  "E-mail address": "ada@example.com",
  customer: { "2nd": true, emails: ["a@example.com", "b@example.com"] },
  none: null,
  empty: {},
};

it("paths are what finds the value in JSONata, whatever its name is", async () => {
  expect(pathsOf(payload)).toEqual([
    "first_name",
    "`E-mail address`",
    "customer.`2nd`",
    "customer.emails[0]",
    "customer.emails[1]",
    "none",
  ]);
  const values = await Promise.all(
    pathsOf(payload).map(async (path) => (await jsonata(path).evaluate(payload)) as unknown),
  );
  expect(values).toEqual(["Ada", "ada@example.com", true, "a@example.com", "b@example.com", null]);
});

it("a list as payload is named, and what is no object has no paths", async () => {
  expect(pathsOf([{ email: "x" }])).toEqual(["$[0].email"]);
  expect(await jsonata("$[0].email").evaluate([{ email: "x" }])).toBe("x");
  expect(pathsOf("first_name=Ada")).toEqual([]);
});

it("a payload without end gives so many paths and no more", () => {
  expect(pathsOf({ list: Array.from({ length: 100_000 }, (_, at) => at) })).toHaveLength(300);
});
