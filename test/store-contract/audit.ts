import { describe, expect, it } from "vitest";
import type { AuditEntry, Store } from "../../src/store/store.ts";
import type { Suite } from "./suite.ts";

/** What every engine promises: the audit log. */
export function auditContract(suite: Suite): void {
  describe("the audit log", () => {
    const { withStore } = suite;
    const dayMs = 86_400_000;
    const entry = (n: number): AuditEntry => ({
      at: Date.now() - 100_000 + n,
      who: "operator",
      action: "retry",
      target: `dlv_${n}.0`,
    });
    const targets = async (store: Store, limit: number, cursor?: string) => {
      const page = await store.audit.list(limit, cursor);
      return { targets: page.items.map(({ target }) => target), next: page.next };
    };

    it("tells who did what, newest first, in pages, and after a restart", async () => {
      await withStore({}, async (opened) => {
        for (let n = 0; n < 7; n += 1) await opened.store.audit.record(entry(n));
        const whole = { ...entry(7), who: "command line", action: "erase", detail: "3 events: ü\0" } as const;
        await opened.store.audit.record(whole);
        const store = (await opened.reopen?.()) ?? opened.store;
        const [first] = (await store.audit.list(1)).items;
        expect(first).toEqual({ ...whole, id: first?.id });
        const met: (string | undefined)[] = [];
        let cursor: string | undefined;
        do {
          const page = await targets(store, 3, cursor);
          met.push(...page.targets);
          cursor = page.next;
        } while (cursor !== undefined);
        expect(met).toEqual(Array.from({ length: 8 }, (_, n) => `dlv_${7 - n}.0`));
        expect((await targets(store, 8)).next).toBeUndefined();
      });
    });

    it("entries of one moment keep their order, whoever writes at the same time loses none", async () => {
      await withStore({}, async ({ store }) => {
        const at = Date.now();
        for (let n = 0; n < 3; n += 1) await store.audit.record({ ...entry(n), at });
        expect((await targets(store, 10)).targets).toEqual(["dlv_2.0", "dlv_1.0", "dlv_0.0"]);
        await Promise.all(Array.from({ length: 30 }, (_, n) => store.audit.record(entry(n))));
        expect((await targets(store, 100)).targets).toHaveLength(33);
      });
    });

    it("an entry goes with its age", async () => {
      await withStore({ auditMs: 10 * dayMs }, async ({ store }) => {
        await store.audit.record({ ...entry(1), at: Date.now() - 11 * dayMs });
        await store.audit.record({ ...entry(2), at: Date.now() - 9 * dayMs });
        await store.audit.record(entry(3));
        expect((await targets(store, 10)).targets).toEqual(["dlv_3.0", "dlv_2.0"]);
      });
    });

    it("an archive carries it, and finds it again", async () => {
      await withStore({}, async ({ store: source }) => {
        await withStore({}, async ({ store: target }) => {
          for (let n = 0; n < 5; n += 1) await source.audit.record(entry(n));
          await target.audit.record(entry(9));
          const records = [];
          for await (const record of source.archive.export())
            if (record.kind === "audit") records.push(record);
          expect(records).toHaveLength(5);
          expect(await target.archive.find(records)).toEqual(records.map(() => undefined));
          await target.archive.import(records);
          await target.archive.import(records);
          expect(await target.archive.find(records)).toEqual(records);
          expect((await targets(target, 10)).targets).toEqual([9, 4, 3, 2, 1, 0].map((n) => `dlv_${n}.0`));
        });
      });
    });
  });
}
