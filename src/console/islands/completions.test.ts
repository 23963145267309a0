import { expect, it } from "vitest";
import { providers } from "../../providers/registry.ts";
import { sourcesFromYaml } from "../../sources/load.ts";
import { completionsAt, problemsOfMap } from "./completions.ts";

const words = {
  paths: ["first_name", "order.total"],
  fields: ["email", "custom_fields"],
  custom: ["Last order"],
};
const at = (before: string) => completionsAt(before, words);

it("a field's name is completed where a name stands, with its colon", () => {
  expect(at("em")).toEqual({ word: "em", options: ["email:", "custom_fields:"] });
  expect(at("email: x\n")).toEqual({ word: "", options: ["email:", "custom_fields:"] });
});

it("names of custom fields are completed within them, and nowhere else", () => {
  expect(at("custom_fields:\n  Last o")).toEqual({ word: "Last o", options: ["Last order:"] });
  expect(at("custom_fields:\n  Plan: plan\n\n  ")).toEqual({ word: "", options: ["Last order:"] });
  expect(at("email:\n  va").options).toEqual([]);
  expect(at("custom_fields:\n  Plan:\n    ty").options).toEqual([]);
});

it.each([
  ["email: order.to", "order.to"],
  ["  Plan: { value: fir", "fir"],
  ["  Plan: $uppercase(first_", "first_"],
  ["  Plan: answers.`First na", "answers.`First na"],
  ["  Plan: `First name` & ' ' & la", "la"],
  ["  Plan: `First name` & `Last na", "`Last na"],
  ["  Plan: `First name` & ", ""],
  ["  Plan: ", ""],
])("a path is completed in %j", (before, word) => {
  expect(at(before)).toEqual({ word, options: words.paths });
});

it("what the relay says of a map is found at its line", () => {
  const text = "sources: { shop: { provider: form, key: k } }";
  const loaded = sourcesFromYaml(text, "sources.yaml", {}, providers);
  const trial = loaded.ok
    ? loaded.sources[0]?.remap?.("email: mail\ncustom_fields:\n  Plan: $uppercase(\n")
    : undefined;
  if (trial?.ok !== false) throw new Error("a wrong map was taken");
  const [problem, ...others] = problemsOfMap(trial.problems.join("\n"));
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ line: 3, message: expect.stringContaining("Plan") as string });
  expect(problemsOfMap("map: it is empty")).toEqual([{ line: 1, message: "it is empty" }]);
  expect(problemsOfMap("There is no such source here.")).toEqual([]);
});
