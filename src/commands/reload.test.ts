import { expect, it } from "vitest";
import { providers } from "../providers/registry.ts";
import { sourcesFromYaml, type SourcesResult } from "../sources/load.ts";
import type { Source } from "../sources/source.ts";
import { createLogger } from "../telemetry/logger.ts";
import { reloadSources } from "./reload.ts";

function stage(loads: (() => Promise<SourcesResult>)[]) {
  const taken: string[][] = [];
  const results: string[] = [];
  const names = (sources: readonly Source[]) => sources.map(({ name }) => name);
  const reloading = reloadSources(
    {
      load: () => loads.shift()?.() ?? Promise.reject(new Error("asked too often")),
      take: ({ sources }) => void taken.push(names(sources)),
      counted: (result, detail) => void results.push(`${result}: ${detail}`),
      log: createLogger({ level: "silent" }),
    },
    [],
  );
  return { reloading, taken, results };
}

const file = (name: string) =>
  sourcesFromYaml(`sources: { ${name}: { provider: form, key: k } }`, "sources.yaml", {}, providers);
const wrong = () => sourcesFromYaml("sources: {}", "sources.yaml", {}, providers);

it("right sources are taken, wrong ones leave those of before", async () => {
  const { reloading, taken, results } = stage([
    async () => file("a"),
    async () => wrong(),
    async () => file("b"),
  ]);
  for (let round = 0; round < 3; round += 1) {
    reloading.again();
    await reloading.settled();
  }
  expect(taken).toEqual([["a"], ["b"]]);
  expect(results).toEqual([
    "taken: 1 sources; added a",
    "rejected: 1 problems",
    "taken: 1 sources; added b; removed a",
  ]);
});

it("whoever asks while they are read gets what stands there afterwards, and one reading is enough for many", async () => {
  let read: (result: SourcesResult) => void = () => undefined;
  const first = new Promise<SourcesResult>((resolve) => (read = resolve));
  const { reloading, taken } = stage([() => first, async () => file("new")]);
  reloading.again();
  reloading.again();
  reloading.again();
  read(file("old"));
  await reloading.settled();
  expect(taken).toEqual([["old"], ["new"]]);
});

it("a reading that fails altogether is no end of it", async () => {
  const { reloading, taken } = stage([() => Promise.reject(new Error("disk")), async () => file("a")]);
  reloading.again();
  await reloading.settled();
  reloading.again();
  await reloading.settled();
  expect(taken).toEqual([["a"]]);
});
