import { describe, expect, it } from "vitest";
import { until } from "../helpers/relay-process.ts";
import { type Suite } from "./suite.ts";

/** What every engine promises: the pace. */
export function paceContract(suite: Suite): void {
  describe("the pace", () => {
    const { withStore } = suite;
    it("takers at the same moment share one rate: at most rate + 1 in a second, and 95 % of it used", async () => {
      await withStore({ ceiling: 40 }, async ({ store }) => {
        const startedAt = performance.now();
        const due: number[] = [];
        await Promise.all(
          Array.from({ length: 4 }, async () => {
            for (let n = 0; n < 25; n += 1) {
              const askedAt = performance.now();
              const grant = await store.pacer.take(1);
              if (grant.kind !== "slots") throw new Error("there is no pause");
              due.push(Math.max(askedAt + (grant.waitsMs[0] ?? 0), performance.now()));
            }
          }),
        );
        expect(due).toHaveLength(100);
        const span = Math.max(...due) - startedAt;
        expect(span).toBeGreaterThan((98 / 40) * 1_000 - 100);
        expect(span).toBeLessThan(((100 / 40) * 1_000) / 0.95 + 500);
        expect(await store.pacer.state()).toEqual({ rate: 40, ceiling: 40, pausedForMs: 0 });
      });
    });

    it("several slots come in one call: those of the next 50 ms, as many as were asked for, one after the other", async () => {
      await withStore({ ceiling: 200 }, async ({ store: { pacer } }) => {
        const few = await pacer.take(3);
        const many = await pacer.take(1_000);
        const one = await pacer.take(1_000);
        if (few.kind !== "slots" || many.kind !== "slots" || one.kind !== "slots") throw new Error("a pause");
        expect(few.waitsMs).toHaveLength(3);
        expect(many.waitsMs.length).toBeGreaterThanOrEqual(5);
        // The embedded store also gives those of the last 50 ms.
        expect(many.waitsMs.length).toBeLessThanOrEqual(21);
        expect(one.waitsMs.length).toBeLessThan(many.waitsMs.length);
        for (const { waitsMs } of [few, many, one]) {
          expect([...waitsMs].sort((a, b) => a - b)).toEqual(waitsMs);
          expect(Math.max(...waitsMs)).toBeLessThanOrEqual(56);
        }
      });
    });

    it("a pause holds every taker; a shorter one does not cut it, and only its own reason ends it", async () => {
      await withStore({}, async ({ store: { pacer } }) => {
        await pacer.pause(60_000, "unauthorized");
        await pacer.pause(50, "failing");
        const grant = await pacer.take(3);
        expect(grant).toMatchObject({ kind: "paused", reason: "unauthorized" });
        expect(grant.kind === "paused" && grant.waitMs).toBeGreaterThan(55_000);
        expect(await pacer.state()).toMatchObject({ reason: "unauthorized" });
        await pacer.resume("failing");
        expect(await pacer.take(1)).toMatchObject({ kind: "paused" });
        await pacer.resume("unauthorized");
        expect(await pacer.take(1)).toMatchObject({ kind: "slots" });
      });
    });

    it("since when it is paused is kept over its probes and repetitions, and begins anew with another reason", async () => {
      await withStore({}, async ({ store: { pacer } }) => {
        await pacer.pause(50, "unauthorized");
        const since = async () => Date.now() - ((await pacer.state()).pausedSinceMs ?? Number.NaN);
        const began = await since();
        await until(async () => (await pacer.take(1)).kind === "slots", 5_000, "the probe");
        await until(() => Date.now() > began + 150, 5_000, "a moment to pass");
        await pacer.pause(5_000, "unauthorized");
        expect(Math.abs((await since()) - began)).toBeLessThan(50);
        await pacer.pause(60_000, "failing");
        expect((await since()) - began).toBeGreaterThan(100);
        await pacer.resume("failing");
        expect((await pacer.state()).pausedSinceMs).toBeUndefined();
      });
    });

    it("when a circuit's pause has run out, of many takers exactly one gets the probe", async () => {
      await withStore({}, async ({ store: { pacer } }) => {
        await pacer.pause(1_000, "failing");
        await until(async () => (await pacer.state()).pausedForMs === 0, 5_000, "the pause to run out");
        const grants = await Promise.all(Array.from({ length: 20 }, () => pacer.take(5)));
        expect(grants.filter((grant) => grant.kind === "slots")).toEqual([
          { kind: "slots", waitsMs: [expect.any(Number)], probe: "failing" },
        ]);
      });
    });

    it("a `limited` pause ends by itself and leaves a lower rate", async () => {
      await withStore({ ceiling: 100 }, async ({ store: { pacer } }) => {
        await pacer.pause(300, "limited");
        expect(await pacer.take(1)).toMatchObject({ kind: "paused", reason: "limited" });
        await until(async () => (await pacer.take(1)).kind === "slots", 5_000, "the end of the pause");
        const state = await pacer.state();
        expect(state).toMatchObject({ pausedForMs: 0, ceiling: 100 });
        expect(state.rate).toBeLessThan(100);
      });
    });
  });
}
