import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Suite } from "./suite.ts";

/** What every engine promises: ended sessions of browsers. */
export function signOutsContract(suite: Suite): void {
  describe("sign-outs", () => {
    const sampleId = () => randomBytes(16).toString("base64url");

    it("are remembered across a restart for as long as they are told to be, and no other with them", async () => {
      await suite.withStore({}, async ({ store, reopen }) => {
        const [ended, other] = [sampleId(), sampleId()];
        await store.signOuts.add(ended, Date.now() + 60_000);
        await store.signOuts.add(ended, Date.now() + 60_000);
        expect(await store.signOuts.has(ended)).toBe(true);
        expect(await store.signOuts.has(other)).toBe(false);
        const again = await reopen?.();
        if (again) expect(await again.signOuts.has(ended)).toBe(true);
      });
    });

    it("whose time is over are forgotten", async () => {
      const store = suite.store();
      const over = sampleId();
      await store.signOuts.add(over, Date.now() - 1_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await store.signOuts.has(over)).toBe(false);
    });
  });
}
