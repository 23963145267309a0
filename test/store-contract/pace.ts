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
              const slot = await store.pacer.take();
              expect(slot.kind).toBe("slot");
              due.push(Math.max(askedAt + slot.waitMs, performance.now()));
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

    it("a pause holds every taker; a shorter one does not cut it, and only its own reason ends it", async () => {
      await withStore({}, async ({ store: { pacer } }) => {
        await pacer.pause(60_000, "unauthorized");
        await pacer.pause(50, "failing");
        const slot = await pacer.take();
        expect(slot).toMatchObject({ kind: "paused", reason: "unauthorized" });
        expect(slot.waitMs).toBeGreaterThan(55_000);
        expect(await pacer.state()).toMatchObject({ reason: "unauthorized" });
        await pacer.resume("failing");
        expect(await pacer.take()).toMatchObject({ kind: "paused" });
        await pacer.resume("unauthorized");
        expect(await pacer.take()).toMatchObject({ kind: "slot" });
      });
    });

    it("when a circuit's pause has run out, of many takers exactly one gets the probe", async () => {
      await withStore({}, async ({ store: { pacer } }) => {
        await pacer.pause(1_000, "failing");
        await until(async () => (await pacer.state()).pausedForMs === 0, 5_000, "the pause to run out");
        const slots = await Promise.all(Array.from({ length: 20 }, () => pacer.take()));
        expect(slots.filter((slot) => slot.kind === "slot")).toEqual([
          expect.objectContaining({ probe: "failing" }),
        ]);
      });
    });

    it("a `limited` pause ends by itself and leaves a lower rate", async () => {
      await withStore({ ceiling: 100 }, async ({ store: { pacer } }) => {
        await pacer.pause(300, "limited");
        expect(await pacer.take()).toMatchObject({ kind: "paused", reason: "limited" });
        await until(async () => (await pacer.take()).kind === "slot", 5_000, "the end of the pause");
        const state = await pacer.state();
        expect(state).toMatchObject({ pausedForMs: 0, ceiling: 100 });
        expect(state.rate).toBeLessThan(100);
      });
    });
  });
}
