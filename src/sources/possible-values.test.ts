import { expect, it } from "vitest";
import { compileExpression } from "./expression.ts";

function possible(source: string) {
  const compiled = compileExpression(source);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.expression.possible();
}

it.each([
  ['"gold"', ["gold"]],
  ["12.5", [12.5]],
  ["true", [true]],
  ["plan", []],
  ['""', []],
  ["null", []],
  ['plan = 1 ? "a" : plan = 2 ? "b"', ["a", "b"]],
  ['plan ? plan : "none"', ["none"]],
  ['plan ?: "none"', ["none"]],
  ['plan ?? "none"', ["none"]],
  ['$lookup({"a": "Free", "b": "Pro", "c": other}, plan)', ["Free", "Pro"]],
  ['($names := {"a": "Free"}; $lookup($names, plan))', ["Free"]],
  ['($plan := "Free"; $plan)', ["Free"]],
  ["($a := $b; $b := $a; $a)", []],
  ["($a := $a; $lookup($a, plan))", []],
  ['plan ~> $lookup({"a": "Free"}, ?)', ["Free"]],
  ['{"a": "Free"}.$lookup($, plan)', ["Free"]],
  ['{"a": "Free", "b": "Free"}.*', ["Free"]],
  ['["a", "b"][0]', []],
  ['$uppercase("a")', []],
  ['name & "x"', []],
])("%s can give %j", (source, values) => {
  expect(possible(source)).toEqual(values);
});
