import { UnrecoverableError } from "bullmq";
import { beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate } from "../helpers/store-samples.ts";
import { gatedWorker, ignored, isIdle, type Suite, withEventWorker } from "./suite.ts";

/** What every engine promises: the store as a whole. */
export function wholeContract(suite: Suite): void {
  describe("the store as a whole", () => {
    const { withStore } = suite;
    let store: Store;
    beforeAll(() => {
      store = suite.store();
    });

    it("counts jobs by state", async () => {
      await withStore({}, async ({ store }) => {
        const none = { waiting: 0, active: 0, delayed: 0, failed: 0, completed: 0 };
        expect(await store.counts()).toEqual({ events: none, contacts: none });
        const events = [sampleEvent(), sampleEvent(), sampleEvent()];
        await store.events.accept(events);
        await store.wake(sampleContact());
        expect(await store.counts()).toEqual({
          events: { ...none, waiting: 3 },
          contacts: { ...none, waiting: 1 },
        });
        await withEventWorker(
          store,
          async (event) => {
            if (event.id === events[0]?.id) throw new UnrecoverableError("no");
            return ignored;
          },
          () => until(async () => isIdle(await store.counts(), "events"), 10_000, "the end"),
        );
        expect((await store.counts()).events).toEqual({ ...none, failed: 1, completed: 2 });
      });
    });

    it("two prefixes do not see each other", async () => {
      await withStore({}, async ({ store: one }) => {
        await withStore({}, async ({ store: two }) => {
          const event = sampleEvent();
          const contact = sampleContact();
          const update = sampleUpdate(contact);
          await one.events.accept([event]);
          await one.mailbox.post([update]);
          await one.mailbox.settle(contact, {
            done: [],
            applied: { email: { stamp: update.stamp, eventId: update.eventId } },
          });
          await one.wake(contact);
          await one.pacer.pause(60_000, "failing");

          expect(await two.events.find(event.id)).toBeUndefined();
          expect(await two.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
          expect(await two.mailbox.overdue(Date.now() + 60_000, 10)).toEqual([]);
          expect(await two.pacer.take(1)).toMatchObject({ kind: "slots" });
          const { events, contacts } = await two.counts();
          expect(events.waiting + contacts.waiting).toBe(0);
          expect(await two.events.accept([event])).toEqual([{ id: event.id, duplicate: false }]);
          const { runs, letGo, worker } = gatedWorker(two);
          letGo();
          await worker.close();
          expect(runs()).toBe(0);
          expect((await one.counts()).contacts.waiting).toBe(1);
        });
      });
    });

    it("is healthy while it is open", async () => {
      expect(await store.health(2_000)).toEqual({ ok: true });
    });

    it("what was accepted, posted, woken and paused is there after it was closed and opened again", async (context) => {
      await withStore({}, async ({ store: before, reopen }) => {
        if (!reopen) return context.skip("this engine has no reopen");
        const event = sampleEvent();
        const update = sampleUpdate(sampleContact());
        await before.events.accept([event]);
        await before.mailbox.post([update]);
        await before.wake(update.contact);
        await before.pacer.pause(60_000, "unauthorized");
        const after = await reopen();
        expect((await after.events.find(event.id))?.event).toEqual(event);
        expect((await after.mailbox.read(update.contact)).waiting).toEqual([update]);
        expect((await after.counts()).contacts.waiting).toBe(1);
        expect(await after.pacer.take(1)).toMatchObject({ kind: "paused", reason: "unauthorized" });
        expect(await after.events.accept([sampleEvent({ identity: event.identity })])).toEqual([
          { id: event.id, duplicate: true },
        ]);
      });
    });
  });
}
