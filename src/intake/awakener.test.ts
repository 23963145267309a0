import { expect, it } from "vitest";
import type { ContactRef } from "../contact/contact-ref.ts";
import { createAwakener } from "./awakener.ts";

const refs = (from: number, count: number): ContactRef[] =>
  Array.from({ length: count }, (_, index): ContactRef => `id:${from + index}`);

/** A store that answers when it is let. */
function slowStore() {
  const calls: { destination: string; references: readonly ContactRef[]; answer: () => void }[] = [];
  const awakener = createAwakener({
    wake: async (destination, references) =>
      await new Promise<void>((answer) => {
        calls.push({ destination, references, answer });
      }),
  });
  const answer = async () => {
    calls.at(-1)?.answer();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { calls, awakener, answer };
}

it("whoever is told first is woken at once, and what comes meanwhile in one call after it, each once", async () => {
  const { calls, awakener, answer } = slowStore();
  awakener.tell("default", ["id:1"]);
  awakener.tell("default", ["id:2", "id:3"]);
  awakener.tell("default", ["id:3", "id:4"]);
  expect(calls.map(({ references }) => references)).toEqual([["id:1"]]);
  await answer();
  expect(calls.map(({ references }) => references)).toEqual([["id:1"], ["id:2", "id:3", "id:4"]]);
  await answer();
  awakener.tell("default", ["id:1"]);
  expect(calls).toHaveLength(3);
});

it("workspaces do not wait for each other", () => {
  const { calls, awakener } = slowStore();
  awakener.tell("a", ["id:1"]);
  awakener.tell("b", ["id:1"]);
  expect(calls.map(({ destination }) => destination)).toEqual(["a", "b"]);
});

it("a store that stands still is asked for 500 at a time, and at most 10,000 wait for it", async () => {
  const { calls, awakener, answer } = slowStore();
  awakener.tell("default", ["id:1"]);
  for (let from = 2; from < 20_002; from += 100) awakener.tell("default", refs(from, 100));
  await answer();
  for (let call = 1; call < calls.length; call += 1) {
    expect(calls[call]?.references).toHaveLength(500);
    await answer();
  }
  expect(calls.flatMap(({ references }) => references)).toEqual(refs(1, 10_001));
});
