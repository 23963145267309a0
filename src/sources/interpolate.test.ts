import { expect, test } from "vitest";
import { fillVariables } from "./interpolate.ts";

const env = { A: "one", B: "two: [${A}]", EMPTY: "" };

test("a variable that is not set is named, each once, and never by a value", () => {
  const { problems } = fillVariables("${A} ${MISSING} ${MISSING} ${OTHER}", env, "text");
  expect(problems).toEqual([
    "needs the environment variable MISSING, which is not set",
    "needs the environment variable OTHER, which is not set",
  ]);
});

test("names that every object has are not variables", () => {
  expect(fillVariables("${constructor}", env, "text").problems).toHaveLength(1);
});

test("what a variable holds is not read again", () => {
  expect(fillVariables("<${B}>", env, "text").text).toBe("<two: [${A}]>");
});

test("$${A} stands for ${A}", () => {
  const filled = fillVariables("$${A} and ${A}", env, "text");
  expect(filled).toEqual({ text: "${A} and one", variables: ["A"], problems: [] });
});

test("an empty variable fills in nothing and is remembered", () => {
  expect(fillVariables("${EMPTY}", env, "text")).toEqual({ text: "", variables: ["EMPTY"], problems: [] });
});

test.each(["${A", "${}", "${A:-b}", "${ A }", "${1A}"])("%s is a mistake in a text", (text) => {
  expect(fillVariables(text, env, "text").problems).toEqual([expect.stringContaining("not of the form")]);
});

test.each(['${ "a": b }', "$number(x)", "$event.type", '$$.x{"a": b}', "$${ a: b }", "a{b: c}", "${}"])(
  "the expression %s has no variable in it",
  (text) => {
    expect(fillVariables(text, env, "expression")).toEqual({ text, variables: [], problems: [] });
  },
);

test("an expression can have variables too", () => {
  expect(fillVariables('"${A}" & "$${A}"', env, "expression").text).toBe('"one" & "${A}"');
});
