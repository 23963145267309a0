import { describe, expect, it } from "vitest";
import type { NoticesClaim } from "../../src/store/notices.ts";
import { until } from "../helpers/relay-process.ts";
import type { Suite } from "./suite.ts";

const leaseMs = 60_000;

/** What every engine promises of what was told to a person. */
export function noticesContract({ withStore }: Suite): void {
  describe("notices", () => {
    it("one process at a time decides, and only that one writes", async () => {
      await withStore({}, async (opened) => {
        const { notices } = opened.store;
        expect(await notices.read()).toBeUndefined();
        expect(await notices.save("a", "early", leaseMs)).toBe(false);
        expect(await notices.claim("a", leaseMs)).toEqual({ text: undefined });
        expect(await notices.claim("b", leaseMs)).toBeUndefined();
        expect(await notices.save("b", "theirs", leaseMs)).toBe(false);
        expect(await notices.save("a", `{"it's":"$1 \\"—"}`, leaseMs)).toBe(true);
        expect(await notices.claim("a", leaseMs)).toEqual({ text: `{"it's":"$1 \\"—"}` });
        await notices.release("b");
        expect(await notices.claim("b", leaseMs)).toBeUndefined();
        const again = (await opened.reopen?.()) ?? opened.store;
        expect(await again.notices.read()).toBe(`{"it's":"$1 \\"—"}`);
        await again.notices.release("a");
        expect(await again.notices.claim("b", leaseMs)).toEqual({ text: `{"it's":"$1 \\"—"}` });
      });
    });

    it("of many that ask at once one gets the lease", async () => {
      await withStore({}, async ({ store }) => {
        const asked = ["a", "b", "c", "d", "e", "f"].map((name) => store.notices.claim(name, leaseMs));
        expect((await Promise.all(asked)).filter((claim) => claim !== undefined)).toHaveLength(1);
      });
    });

    it("a lease that has run out is somebody else's, and its holder writes no more", async () => {
      await withStore({}, async ({ store }) => {
        const { notices } = store;
        await notices.claim("dying", 200);
        expect(await notices.save("dying", "told", 200)).toBe(true);
        let taken: NoticesClaim | undefined;
        await until(
          async () => (taken = await notices.claim("next", leaseMs)) !== undefined,
          5_000,
          "the lease to run out",
        );
        expect(taken).toEqual({ text: "told" });
        expect(await notices.save("dying", "late", leaseMs)).toBe(false);
        expect(await notices.read()).toBe("told");
      });
    });
  });
}
