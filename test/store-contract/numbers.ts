import { describe, expect, it } from "vitest";
import { numberName, numbersKeptMinutes } from "../../src/store/numbers.ts";
import type { Suite } from "./suite.ts";

/** What every engine promises: numbers per minute. */
export function numbersContract(suite: Suite): void {
  describe("numbers per minute", () => {
    const { withStore } = suite;
    const now = Math.floor(Date.now() / 60_000);
    const accepted = numberName("event", "accepted", "shop");
    const byName = (a: { minute: number; name: string }, b: { minute: number; name: string }) =>
      a.minute - b.minute || (a.name < b.name ? -1 : 1);

    it("add up, whoever counts at the same time, and are there after a restart", async () => {
      await withStore({}, async (opened) => {
        const names = Array.from({ length: 40 }, (_, n) => numberName("event", "accepted", `source-${n}`));
        const adding = Array.from({ length: 12 }, (_, process) => {
          // Each in an order of its own.
          const own = [...names.slice(process), ...names.slice(0, process)];
          const counts = own.map((name, n) => ({ minute: now - (n % 2), name, count: 2 }));
          return opened.store.numbers.add(counts);
        });
        await Promise.all(adding);
        const store = (await opened.reopen?.()) ?? opened.store;
        const counts = await store.numbers.read(now - 1, now + 1);
        expect(new Set(counts.map(({ name }) => name))).toEqual(new Set(names));
        expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(12 * 40 * 2);
      });
    });

    it("are read for the minutes that are asked for, the last of which is not within", async () => {
      await withStore({}, async ({ store }) => {
        const counts = [now - 130, now - 61, now - 60, now - 1, now].map((minute, n) => {
          return { minute, name: accepted, count: n + 1 };
        });
        await store.numbers.add(counts);
        await store.numbers.add([]);
        const read = async (from: number, to: number) =>
          [...(await store.numbers.read(from, to))].sort(byName);
        expect(await read(now - 200, now + 1)).toEqual(counts);
        expect(await read(now - 61, now - 1)).toEqual(counts.slice(1, 3));
        expect(await read(now, now)).toEqual([]);
      });
    });

    it("of more than two days ago go by themselves", async () => {
      await withStore({}, async ({ store }) => {
        const old = now - numbersKeptMinutes - 200;
        await store.numbers.add([{ minute: old, name: accepted, count: 1 }]);
        await store.numbers.add([{ minute: now, name: accepted, count: 1 }]);
        const kept = await store.numbers.read(now - numbersKeptMinutes, now + 1);
        expect(kept).toEqual([{ minute: now, name: accepted, count: 1 }]);
      });
    });
  });
}
