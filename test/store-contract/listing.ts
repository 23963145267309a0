import { beforeAll, describe, expect, it } from "vitest";
import type { EventFilter } from "../../src/store/event-log.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, unique } from "../helpers/store-samples.ts";
import { ignored, type Suite } from "./suite.ts";

/** What every engine promises: finding events by what is known of them. */
export function listingContract(suite: Suite): void {
  describe("listing events", () => {
    const { withStore } = suite;
    let store: Store;
    beforeAll(() => {
      store = suite.store();
    });

    /** Every page by itself, three a page. */
    async function idsOf(filter: EventFilter, of = store): Promise<string[]> {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await of.events.list(filter, 3, cursor);
        expect(page.items.length).toBeLessThanOrEqual(3);
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.next;
      } while (cursor !== undefined);
      return ids;
    }

    it("by source, type, time and each of them together, newest first, every one exactly once", async () => {
      const [source, type] = [`s${unique()}`, `orders/${unique()}`];
      const [both, ofSource, ofType] = [
        Array.from({ length: 5 }, () => sampleEvent({ source, type })),
        Array.from({ length: 4 }, () => sampleEvent({ source })),
        Array.from({ length: 4 }, () => sampleEvent({ type })),
      ];
      await store.events.accept([...both, ...ofSource]);
      const between = Date.now() + 50;
      await until(() => Date.now() > between + 50, 5_000, "a moment to pass");
      await store.events.accept(ofType);
      const newest = (events: readonly { id: string }[]) => events.map(({ id }) => id).toReversed();
      expect(await idsOf({ source })).toEqual(newest([...both, ...ofSource]));
      expect(await idsOf({ type })).toEqual(newest([...both, ...ofType]));
      expect(await idsOf({ source, type })).toEqual(newest(both));
      expect(await idsOf({ type, state: "waiting" })).toEqual(newest([...both, ...ofType]));
      expect(await idsOf({ type, from: between })).toEqual(newest(ofType));
      expect(await idsOf({ type, to: between })).toEqual(newest(both));
      expect(await idsOf({ type, from: between, to: between + 3_600_000 })).toEqual(newest(ofType));
      expect(await idsOf({ type, from: between - 3_600_000, to: between })).toEqual(newest(both));
      expect(await idsOf({ type, state: "waiting", from: between })).toEqual(newest(ofType));
      expect(await idsOf({ source, from: between })).toEqual([]);
      expect(await idsOf({ source, state: "failed" })).toEqual([]);
    });

    it("of many sources at once: when the newest of each was stored, and nothing of those that sent nothing", async () => {
      const [one, other] = [`s${unique()}`, `s${unique()}`];
      await store.events.accept([sampleEvent({ source: one }), sampleEvent({ source: other })]);
      const between = Date.now() + 20;
      await until(() => Date.now() > between + 20, 5_000, "a moment to pass");
      await store.events.accept([sampleEvent({ source: one })]);
      const newest = await store.events.newestOf([one, "none", other]);
      expect([...newest.keys()].sort()).toEqual([one, other].sort());
      expect(newest.get(one)).toBeGreaterThan(between);
      expect(newest.get(other)).toBeLessThan(between);
      expect(await store.events.newestOf([])).toEqual(new Map());
    });

    it("tells since when the oldest waits, whatever its priority, to be mapped and to be delivered", async () => {
      await withStore({}, async ({ store }) => {
        expect(await store.oldest()).toEqual({});
        const began = Date.now();
        await store.events.accept([sampleEvent({ priority: "low" })]);
        const low = (await store.oldest()).event ?? 0;
        expect(Math.abs(low - began)).toBeLessThan(2_000);
        await until(() => Date.now() > began + 50, 5_000, "a moment to pass");
        await store.events.accept([sampleEvent({ priority: "high" }), sampleEvent()]);
        expect(await store.oldest()).toEqual({ event: low });
        const [claimed] = (await store.events.claim(10)).filter(({ event }) => event.priority === "low");
        if (!claimed) throw new Error("nothing was claimed");
        const update = sampleUpdate(sampleContact(), undefined, { eventId: claimed.event.id });
        const result = { outcome: "mapped" as const, updates: [update], warnings: [] };
        await store.events.conclude([{ claimed, kind: "completed", result }]);
        const oldest = await store.oldest();
        expect(oldest.event).toBeUndefined();
        expect(oldest.update).toBeGreaterThanOrEqual(began);
      });
    });

    it("by contact: those that spoke of it, with every other filter, and no other", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const events = Array.from({ length: 8 }, (_, n) =>
          sampleEvent(n % 2 === 0 ? {} : { source: "other", type: "t" }),
        );
        await store.events.accept(events);
        const claimed = await store.events.claim(10);
        await store.events.conclude(
          claimed.map((one, index) => {
            const { id } = one.event;
            const update = sampleUpdate(contact, {}, { id, eventId: id });
            const mapped = { outcome: "mapped", updates: [update], warnings: [] } as const;
            return { kind: "completed", claimed: one, result: index === 0 ? ignored : mapped };
          }),
        );
        const spoke = events.slice(1).map(({ id }) => id);
        expect(await idsOf({ contact }, store)).toEqual(spoke.toReversed());
        expect((await idsOf({ contact, state: "completed" }, store)).toSorted()).toEqual(spoke.toSorted());
        const others = events.filter(({ source }) => source === "other").map(({ id }) => id);
        expect(await idsOf({ contact, source: "other" }, store)).toEqual(others.toReversed());
        expect(await idsOf({ contact, type: "t", to: Date.now() + 60_000 }, store)).toEqual(
          others.toReversed(),
        );
        expect(await idsOf({ contact, from: Date.now() + 60_000 }, store)).toEqual([]);
        expect(await idsOf({ contact, state: "failed" }, store)).toEqual([]);
        expect(await idsOf({ contact: sampleContact() }, store)).toEqual([]);
        expect(await idsOf({}, store)).toEqual(events.map(({ id }) => id).toReversed());
      });
    });

    it("with a state by when each came into it, alone and beside another filter", async () => {
      await withStore({}, async ({ store }) => {
        const events = Array.from({ length: 5 }, () => sampleEvent());
        await store.events.accept([...events, sampleEvent({ source: "other" })]);
        const claimed = await store.events.claim(10);
        const failed: string[] = [];
        for (const index of [2, 0, 4, 1, 3]) {
          const one = claimed[index];
          if (!one) throw new Error("all were to be claimed");
          failed.push(one.event.id);
          await store.events.conclude([{ kind: "failed", claimed: one, reason: `no ${index}` }]);
          const concludedAt = Date.now();
          await until(() => Date.now() > concludedAt + 2, 5_000, "a moment to pass");
        }
        const newest = failed.toReversed();
        expect(await idsOf({ state: "failed" }, store)).toEqual(newest);
        expect(await idsOf({ state: "failed", source: "shop" }, store)).toEqual(newest);
        expect(await idsOf({ state: "failed", type: "orders/create" }, store)).toEqual(newest);
        expect((await idsOf({ state: "active" }, store)).length).toBe(1);

        const first = await store.events.failed(2);
        const behind = first.map(({ event, at }) => ({ at, id: event.id })).at(-1);
        const rest = await store.events.failed(10, behind);
        expect([...first, ...rest].map(({ event }) => event.id)).toEqual(newest);
        expect(first[0]).toMatchObject({ event: { source: "shop" }, reason: "no 3", attempts: 1 });
      });
    });

    it("a cursor that is none begins at the top", async () => {
      const source = `s${unique()}`;
      const event = sampleEvent({ source });
      await store.events.accept([event]);
      for (const cursor of ["", "x", "1", "9.9.9", "c.1.2", "'; --", "evt_1"]) {
        expect((await store.events.list({ source }, 5, cursor)).items.map(({ id }) => id)).toEqual([
          event.id,
        ]);
      }
    });

    it("finished events go when they are old; what waits, has failed or is only remembered as seen stays", async () => {
      await withStore({ retentionMs: 3_000 }, async ({ store }) => {
        const [done, fails, waits] = [sampleEvent(), sampleEvent(), sampleEvent()];
        await store.events.accept([done, fails]);
        const [one, two] = await store.events.claim(2);
        if (!one || !two) throw new Error("both were to be claimed");
        await store.events.conclude([
          { kind: "completed", claimed: one, result: ignored },
          { kind: "failed", claimed: two, reason: "no" },
        ]);
        await store.events.accept([waits]);
        const [held] = await store.events.claim(1);
        if (held)
          await store.events.conclude([
            { kind: "delayed", claimed: held, delayMs: 600_000, reason: "later" },
          ]);
        const again = async () => await store.events.accept([sampleEvent({ identity: fails.identity })]);
        expect(await again()).toEqual([{ id: fails.id, duplicate: true }]);
        await until(
          async () => {
            // Whoever maps asks for more all the time.
            await store.events.claim(1);
            return (await store.events.find(done.id)) === undefined;
          },
          20_000,
          "the finished one to go",
        );
        expect((await store.events.find(fails.id))?.state).toBe("failed");
        expect((await store.events.find(waits.id))?.state).toBe("delayed");
      });
    });

    it("a duplicate is refused for the whole window, although its first one's record has gone by number", async () => {
      await withStore({ retentionEvents: 2 }, async ({ store }) => {
        const events = Array.from({ length: 6 }, () => sampleEvent());
        await store.events.accept(events);
        const claimed = await store.events.claim(10);
        await store.events.conclude(
          claimed.map((one) => ({ kind: "completed", claimed: one, result: ignored })),
        );
        await until(async () => (await store.counts()).events.completed <= 2, 20_000, "the oldest to go");
        const again = await store.events.accept(events.map(({ identity }) => sampleEvent({ identity })));
        expect(again).toEqual(events.map(({ id }) => ({ id, duplicate: true })));
      });
    });
  });
}
