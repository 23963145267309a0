import { beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleEvent } from "../helpers/store-samples.ts";
import { type Suite } from "./suite.ts";

/** What every engine promises: accepting events. */
export function acceptingContract(suite: Suite): void {
  describe("accepting events", () => {
    const { withStore } = suite;
    let store: Store;
    beforeAll(() => {
      store = suite.store();
    });

    it("an event that was seen before is a duplicate and answers the first one's id", async () => {
      const first = sampleEvent();
      const again = sampleEvent({ identity: first.identity });
      expect(await store.events.accept([first])).toEqual([{ id: first.id, duplicate: false }]);
      expect(await store.events.accept([again])).toEqual([{ id: first.id, duplicate: true }]);
      expect(await store.events.find(again.id)).toBeUndefined();
    });

    it("the same identity from another source is another event", async () => {
      const first = sampleEvent();
      const other = sampleEvent({ identity: first.identity, source: "newsletter" });
      await store.events.accept([first]);
      expect(await store.events.accept([other])).toEqual([{ id: other.id, duplicate: false }]);
    });

    it("within one batch the second of two equal events is the first one's duplicate", async () => {
      const [first, other] = [sampleEvent(), sampleEvent()];
      const again = sampleEvent({ identity: first.identity });
      expect(await store.events.accept([first, other, again])).toEqual([
        { id: first.id, duplicate: false },
        { id: other.id, duplicate: false },
        { id: first.id, duplicate: true },
      ]);
      expect(await store.events.accept([])).toEqual([]);
    });

    it("of equal events accepted at the same moment exactly one is new", async () => {
      const { identity } = sampleEvent();
      const copies = Array.from({ length: 32 }, () => sampleEvent({ identity }));
      const answers = (await Promise.all(copies.map((copy) => store.events.accept([copy])))).flat();
      expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(1);
      expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
    });

    it("batches that hold the same events in opposite order all get an answer", async () => {
      const events = Array.from({ length: 6 }, () => sampleEvent());
      const batches = Array.from({ length: 16 }, (_, n) => {
        const copies = events.map(({ identity }) => sampleEvent({ identity }));
        return n % 2 === 0 ? copies : copies.toReversed();
      });
      const answers = (await Promise.all(batches.map((batch) => store.events.accept(batch)))).flat();
      expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(events.length);
    });

    it("an event accepted is found as it was, waiting", async () => {
      const event = sampleEvent({ attributes: { "x-shop": "a.example.com" }, replay: 2 });
      await store.events.accept([event]);
      expect(await store.events.find(event.id)).toEqual({
        event,
        acceptedAt: expect.any(Number),
        state: "waiting",
        attempts: 0,
      });
      expect(await store.events.find("evt_unknown")).toBeUndefined();
    });

    it("a duplicate is accepted again once the retention window is over", async () => {
      await withStore({ retentionMs: 1_500 }, async ({ store }) => {
        const event = sampleEvent();
        await store.events.accept([event]);
        expect(await store.events.accept([sampleEvent({ identity: event.identity })])).toMatchObject([
          { duplicate: true },
        ]);
        await until(
          async () => {
            const [answer] = await store.events.accept([sampleEvent({ identity: event.identity })]);
            return answer?.duplicate === false;
          },
          10_000,
          "the window to end",
        );
      });
    });
  });
}
