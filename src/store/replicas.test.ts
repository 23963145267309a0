import { expect, it } from "vitest";
import { differenceAfterMs, replicaDifferences, type Replica } from "./replicas.ts";

function replica(version: string, configuration: string, since: number, configuredAt = since): Replica {
  return { id: `${version} ${since}`, role: "all", version, configuration, label: "", since, configuredAt };
}

it("replicas that are alike differ in nothing, however old each is", () => {
  expect(replicaDifferences([], 1e9)).toEqual([]);
  expect(replicaDifferences([replica("1", "a", 0), replica("1", "a", 5e8)], 1e9)).toEqual([]);
});

it("an upgrade that goes on is no difference before its first minute is over", () => {
  const begun = 1_000_000;
  const rolling = [replica("1", "a", 0), replica("2", "a", begun), replica("2", "a", begun + 50_000)];
  expect(replicaDifferences(rolling, begun + differenceAfterMs - 1)).toEqual([]);
  expect(replicaDifferences(rolling, begun + differenceAfterMs)).toEqual(["version"]);
  expect(replicaDifferences(rolling.slice(1), begun + differenceAfterMs)).toEqual([]);
});

it("a configuration counts from when it was taken, not from the start of its process", () => {
  const taken = 1_000_000;
  const replicas = [replica("1", "a", 0), replica("1", "b", 0, taken)];
  expect(replicaDifferences(replicas, taken + 1)).toEqual([]);
  expect(replicaDifferences(replicas, taken + differenceAfterMs)).toEqual(["configuration"]);
});
