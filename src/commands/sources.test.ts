import { expect, it } from "vitest";
import { providers } from "../providers/registry.ts";
import { sourcesFromYaml } from "../sources/load.ts";
import { takeable } from "./sources.ts";

function loaded(destinations: string, destination: string) {
  const text = `${destinations}sources:\n  a: { provider: form, key: k${destination} }\n`;
  const result = sourcesFromYaml(text, "sources.yaml", {}, providers);
  if (!result.ok) throw new Error(result.problems.join());
  return result;
}
const two = "destinations: { acme: { token: t }, other: { token: t } }\n";
const problem = (text: string) => ({ ok: false, problems: [expect.stringContaining(text) as string] });

it("a running relay takes other sources, and another destination for one", () => {
  const now = loaded(two, ", destination: other");
  expect(takeable(loaded(two, ", destination: acme"), now, false)).toBe(now);
  const alone = loaded("", "");
  expect(takeable(alone, alone, true)).toBe(alone);
});

it("it takes no workspace that it has no store for: events would reach somebody else's", () => {
  const before = loaded(two, ", destination: acme");
  expect(takeable(before, loaded("", ""), true)).toEqual(problem("`destinations` have changed"));
  expect(takeable(before, loaded(two.replace("token: t", "token: u"), ", destination: acme"), true)).toEqual(
    problem("`destinations` have changed"),
  );
  const unnamed = loaded(two, "");
  expect(takeable(before, unnamed, true)).toBe(unnamed);
  expect(takeable(before, unnamed, false)).toEqual(problem("a source without `destination` is new"));
});
