import { UnrecoverableError } from "bullmq";
import { beforeAll, describe, expect, it } from "vitest";
import type { EventResult } from "../../src/store/event-log.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate } from "../helpers/store-samples.ts";
import { ignored, startEventWorker, stateOf, type Suite, withEventWorker } from "./suite.ts";

/** What every engine promises: the record of an event. */
export function recordsContract(suite: Suite): void {
  describe("the record of an event", () => {
    const { withStore } = suite;
    let store: Store;
    beforeAll(() => {
      store = suite.store();
    });

    it("keeps the result of a completed event, and refuses its duplicate after that", async () => {
      const event = sampleEvent();
      const contact = sampleContact();
      const result: EventResult = {
        outcome: "mapped",
        updates: [sampleUpdate(contact, { firstName: "Ann", "custom_fields.Total": 1.5 })],
        warnings: [{ field: "phone", message: "not a number" }],
      };
      await store.events.accept([event]);
      await withEventWorker(
        store,
        async (taken) => (taken.id === event.id ? result : ignored),
        () => until(async () => (await stateOf(store, event.id)) === "completed", 20_000, "completion"),
      );
      expect(await store.events.find(event.id)).toEqual({
        event,
        state: "completed",
        attempts: 1,
        acceptedAt: expect.any(Number),
        result,
        finishedAt: expect.any(Number),
      });
      expect(await store.events.accept([sampleEvent({ identity: event.identity })])).toEqual([
        { id: event.id, duplicate: true },
      ]);
    });

    it("lists events by state and source, newest first, page by page", async () => {
      const source = `list${sampleEvent().id}`;
      const events = Array.from({ length: 7 }, () => sampleEvent({ source }));
      await store.events.accept([...events, sampleEvent()]);
      const page = async (limit: number, cursor?: string) =>
        await store.events.list({ source, state: "waiting" }, limit, cursor);
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const { items, next } = await page(3, cursor);
        expect(items.length).toBeLessThanOrEqual(3);
        ids.push(...items.map(({ id }) => id));
        cursor = next;
      } while (cursor !== undefined);
      expect(ids).toEqual(events.map(({ id }) => id).toReversed());
      expect(await store.events.list({ source, state: "failed" }, 10)).toEqual({
        items: [],
        next: undefined,
      });

      await withEventWorker(
        store,
        async (taken) => {
          if (taken.id === events[0]?.id) throw new UnrecoverableError("the mapping is wrong");
          return ignored;
        },
        () => until(async () => (await store.counts()).events.waiting === 0, 20_000, "nothing to wait"),
      );
      await until(
        async () => (await store.events.list({ source, state: "active" }, 10)).items.length === 0,
        20_000,
        "the end",
      );
      const all = (await store.events.list({ source }, 10)).items;
      expect(all.map(({ state }) => state)).toEqual([...Array<string>(6).fill("completed"), "failed"]);
      expect(all[6]).toMatchObject({
        id: events[0]?.id,
        source,
        type: "orders/create",
        outcome: "failed",
        reason: "the mapping is wrong",
      });
      expect(all[0]).toMatchObject({ outcome: "ignored", contacts: [] });
      expect(JSON.stringify(all)).not.toContain("payload");
    });

    it("keeps the payload and the reason of an event that failed", async () => {
      const event = sampleEvent();
      await store.events.accept([event]);
      await withEventWorker(
        store,
        async (taken) => {
          if (taken.id === event.id) throw new UnrecoverableError("the mapping is wrong");
          return ignored;
        },
        () => until(async () => (await stateOf(store, event.id)) === "failed", 20_000, "failure"),
      );
      expect(await store.events.find(event.id)).toEqual({
        event,
        state: "failed",
        attempts: 1,
        acceptedAt: expect.any(Number),
        failure: "the mapping is wrong",
        finishedAt: expect.any(Number),
      });
      expect(await store.events.accept([sampleEvent({ identity: event.identity })])).toMatchObject([
        { id: event.id, duplicate: true },
      ]);
    });

    it("an event that is put off says what it waits for, and no longer once it is done", async () => {
      const event = sampleEvent({ source: `late${sampleEvent().id}` });
      await store.events.accept([event]);
      let again = false;
      const worker = startEventWorker(store, async ({ id }) => {
        if (id !== event.id || again) return ignored;
        return { putOff: { delayMs: 1_500, reason: "its sender's limit" } };
      });
      try {
        await until(async () => (await stateOf(store, event.id)) === "delayed", 20_000, "the delay");
        again = true;
        expect(await store.events.find(event.id)).toMatchObject({ waitsFor: "its sender's limit" });
        expect((await store.events.list({ source: event.source }, 1)).items).toMatchObject([
          { state: "delayed", reason: "its sender's limit" },
        ]);
        await until(async () => (await stateOf(store, event.id)) === "completed", 20_000, "completion");
        expect(await store.events.find(event.id)).not.toHaveProperty("waitsFor");
      } finally {
        await worker.close();
      }
    });

    it("an event whose run hit a passing error is run again", async () => {
      const event = sampleEvent();
      await store.events.accept([event]);
      let runs = 0;
      await withEventWorker(
        store,
        async (taken) => {
          if (taken.id === event.id && (runs += 1) < 3) throw new Error("the store is away");
          return ignored;
        },
        () => until(async () => (await stateOf(store, event.id)) === "completed", 20_000, "completion"),
      );
      expect(runs).toBe(3);
    });

    it("only as many finished events are kept as the retention says, and none is accepted twice", async () => {
      await withStore({ retentionEvents: 5 }, async ({ store }) => {
        const events = Array.from({ length: 20 }, () => sampleEvent());
        await store.events.accept(events);
        await withEventWorker(
          store,
          async () => ignored,
          async () => {
            await until(
              async () => {
                const { waiting, active } = (await store.counts()).events;
                return waiting + active === 0;
              },
              20_000,
              "all to finish",
            );
            await until(async () => (await store.counts()).events.completed <= 5, 5_000, "the oldest to go");
          },
        );
        expect(await store.events.find(events[0]?.id ?? "")).toBeUndefined();
        const again = await store.events.accept(events.map(({ identity }) => sampleEvent({ identity })));
        expect(again).toEqual(events.map(({ id }) => ({ id, duplicate: true })));
      });
    });

    it("an erased event has forgotten payload and result, and its duplicates are still refused", async () => {
      const [finished, waiting] = [sampleEvent(), sampleEvent()];
      await store.events.accept([finished]);
      await withEventWorker(
        store,
        async () => ({ outcome: "mapped", updates: [sampleUpdate(sampleContact())], warnings: [] }),
        () => until(async () => (await stateOf(store, finished.id)) === "completed", 20_000, "completion"),
      );
      await store.events.accept([waiting]);
      await store.events.erase([finished.id, "evt_unknown", waiting.id]);
      expect(await store.events.find(finished.id)).toMatchObject({
        event: { id: finished.id, payload: "null", attributes: {} },
        state: "completed",
        result: { outcome: "erased" },
      });
      expect((await store.events.find(waiting.id))?.event.payload).toBe("null");
      for (const { id, identity } of [finished, waiting]) {
        expect(await store.events.accept([sampleEvent({ identity })])).toEqual([{ id, duplicate: true }]);
      }
    });
  });
}
