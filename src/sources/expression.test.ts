import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, test, vi } from "vitest";
import { compileExpression, knownFunctions, type Evaluation } from "./expression.ts";

const event = {
  id: "evt_1",
  type: "t",
  source: "s",
  occurredAt: "2026-01-05T10:00:00.000Z",
  receivedAt: "2026-01-05T10:00:01.000Z",
  attributes: { shop: "a" },
};

async function evaluate(source: string, root: unknown): Promise<Evaluation> {
  const compiled = compileExpression(source);
  if (!compiled.ok) throw new Error(compiled.message);
  return await compiled.expression.evaluate(root, event);
}

describe("what is wrong is said when it is compiled", () => {
  test.each([
    ["total_price +", "Unexpected end of expression (at character 13 of the expression)"],
    ["a b", 'Syntax error: "b" (at character 3 of the expression)'],
    ["'a", "String literal must be terminated by a matching quote (at character 2 of the expression)"],
    ["/[/", "regular expression"],
    [
      "1 + $nubmer(a)",
      "there is no function or variable $nubmer; did you mean $number? (at character 5 of the expression)",
    ],
    ["$evnet.type", "there is no function or variable $evnet; did you mean $event?"],
    ["($x := 1; $x + $y)", "there is no function or variable $y (at character 16 of the expression)"],
    ["$eval(code)", "$eval is not available: payloads never become code (at character 1 of the expression)"],
    ["($eval := 1; $eval)", "$eval is not available"],
  ])("%s", (source, message) => {
    const compiled = compileExpression(source);
    expect(compiled).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  test("nesting beyond all measure", () => {
    expect(compileExpression("(".repeat(200_000))).toMatchObject({ ok: false });
  });
});

test.each([
  "($f := function($n, $m){ $n + $m }; $f(a, ?) ~> $map([1], $))",
  "items@$item#$i.{ 'k': $item.price, 'n': $i }",
  "$sum(items.(price * $$.rate))",
  "items[price > 1]^(>price).price.{ 'of': %.name }",
  "$reduce([1, 2], function($sum, $one) { $sum + $one })",
  "items ~> |$|{'x': $string(price)}|",
  "$now() & $millis()",
])("%s defines or knows all it uses", (source) => {
  expect(compileExpression(source)).toMatchObject({ ok: true });
});

test("all of JSONata's functions are known but $eval", () => {
  const code = readFileSync(createRequire(import.meta.url).resolve("jsonata"), "utf8");
  const bound = [...code.matchAll(/(?:staticFrame|environment)\.bind\('([A-Za-z0-9]+)', defineFunction/g)];
  const names = bound.map(([, name]) => name).filter((name) => name !== "eval");
  expect(names.length).toBeGreaterThan(60);
  expect(new Set(knownFunctions)).toEqual(new Set(names));
});

describe("what cannot end is stopped", () => {
  test.each([
    ["a tail call without end", "($f := function($n){$f($n+1)}; $f(0))", "timeout"],
    ["a recursion without end", "($f := function($n){1 + $f($n+1)}; $f(0))", "Stack overflow"],
    ["a range of ten million", "$count([1..10000000])", "maximum sequence length"],
    ["a text that doubles", "($f := function($s){$f($s & $s)}; $f('ab'))", "Invalid string length"],
  ])("%s", async (_, source, message) => {
    const started = performance.now();
    const evaluation = await evaluate(source, {});
    expect(evaluation).toEqual({ kind: "stopped", message: expect.stringContaining(message) });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("a payload nested beyond the depth of the stack", async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level += 1) deep = [deep];
    expect(await evaluate("**.x", { deep })).toMatchObject({ kind: "stopped" });
  });

  test("the one that follows is not harmed", async () => {
    await evaluate("($f := function($n){$f($n+1)}; $f(0))", {});
    expect(await evaluate("a", { a: 1 })).toEqual({ kind: "value", value: 1 });
  });
});

test("a pause of the whole process is not taken for an expression without end", async () => {
  const clock = vi.spyOn(Date, "now").mockReturnValue(10_000).mockReturnValueOnce(0);
  try {
    expect(await evaluate("a + 0", { a: 1 })).toEqual({ kind: "value", value: 1 });
    expect(clock.mock.calls.length).toBeGreaterThan(2);
  } finally {
    clock.mockRestore();
  }
});

test("a plain path, read without JSONata, finds what JSONata finds", async () => {
  const names = ["a", "b", "c d", "__proto__", "constructor", "length", "0"];
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(null, 0, 1, "", "x", false, true),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 4 }),
    ),
  }));
  const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(value, path, async (root, steps) => {
      const source = steps.map((name) => `\`${name}\``).join(".");
      const json: unknown = JSON.parse(JSON.stringify(root));
      const expected: unknown = await jsonata(source).evaluate(json);
      const found = await evaluate(source, json);
      // A list that JSONata made carries a mark of its own.
      expect(JSON.stringify(found)).toBe(JSON.stringify({ kind: "value", value: expected }));
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["$number(a)", { a: "x" }],
  ["a > b", { a: "x", b: 1 }],
  ["$error('boom')", {}],
])("%s that does not fit its payload is an error, not a stop", async (source, root) => {
  expect(await evaluate(source, root)).toMatchObject({ kind: "error" });
});

test("an error's message stays short, whatever the payload", async () => {
  const evaluation = await evaluate("$number(a)", { a: "x".repeat(10_000) });
  expect(evaluation.kind === "error" && evaluation.message.length).toBeLessThan(250);
});

test.each([
  "__proto__",
  "constructor.name",
  "$lookup($, '__proto__')",
  "`__proto__`.toString",
  "a.constructor.constructor",
  "$string.constructor",
  "$number.implementation.constructor",
])("%s reaches nothing behind the payload", async (source) => {
  expect(await evaluate(source, { a: "x" })).toEqual({ kind: "value", value: undefined });
});

test("a payload cannot change what all objects have", async () => {
  const root: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "a": {"constructor": {"prototype": 1}}}');
  for (const source of [
    "$merge([$, a])",
    "$ ~> |$|{'__proto__': {'polluted': 1}}|",
    "{'__proto__': {'p': 1}}",
  ]) {
    await evaluate(source, root);
  }
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(Reflect.get({}, "p")).toBeUndefined();
});

test("$event holds what is known around the payload", async () => {
  expect(await evaluate("$event.(id & type & source & occurredAt & attributes.shop)", {})).toEqual({
    kind: "value",
    value: "evt_1ts2026-01-05T10:00:00.000Za",
  });
});

test("the payload is as it was after any expression", async () => {
  const root = { items: [{ p: 2 }, { p: 1 }] };
  await evaluate("items^(p)", root);
  await evaluate("$ ~> |items|{'p': 0}|", root);
  expect(root).toEqual({ items: [{ p: 2 }, { p: 1 }] });
});
