import { UnrecoverableError } from "bullmq";
import { describe, expect, it } from "vitest";
import type { EventResult } from "../../src/store/event-log.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, sampleNote } from "../helpers/store-samples.ts";
import { gatedWorker, stateOf, type Suite, withEventWorker } from "./suite.ts";

/** What every engine promises: erasing a contact. */
export function erasingContract(suite: Suite): void {
  describe("erasing a contact", () => {
    const { withStore } = suite;

    it("takes its mailbox, its events' payloads and what is parked for it, and nobody else's", async () => {
      await withStore({}, async ({ store }) => {
        const [contact, other] = [sampleContact(), sampleContact()];
        const [mapped, unmappable, theirs] = [sampleEvent(), sampleEvent(), sampleEvent()];
        await store.events.accept([mapped, unmappable, theirs]);
        await store.mailbox.post([
          sampleUpdate(contact, {}, { eventId: mapped.id }),
          sampleUpdate(contact, {}, { eventId: unmappable.id }),
          sampleUpdate(other, {}, { eventId: theirs.id }),
        ]);
        const [own, others] = [
          sampleUpdate(contact, { email: "x@example.com" }, { eventId: mapped.id }),
          sampleUpdate(other, { email: "y@example.com" }, { eventId: theirs.id }),
        ];
        const resultOf = (eventId: string): EventResult => {
          return { outcome: "mapped", updates: [eventId === mapped.id ? own : others], warnings: [] };
        };
        await withEventWorker(
          store,
          async ({ id }) => {
            if (id === unmappable.id) throw new UnrecoverableError("no e-mail in x@example.com");
            return resultOf(id);
          },
          () => until(async () => (await stateOf(store, theirs.id)) === "completed", 20_000, "the events"),
        );
        await until(async () => (await stateOf(store, unmappable.id)) === "failed", 20_000, "the failure");
        for (const ref of [contact, other]) await store.wake(ref);
        const parking = store.startWorker(
          async (job) => {
            const ref = job.data.contact;
            const parked = [{ reason: "refused", at: 1, attempts: 1, updates: [sampleUpdate(ref)] }];
            await job.updateData({ contact: ref, parked });
            throw new UnrecoverableError("refused");
          },
          { concurrency: 1 },
        );
        await until(async () => (await store.counts()).contacts.failed === 2, 20_000, "both to be parked");
        await parking.close();
        await store.wake(contact);

        expect(await store.erase(contact)).toBe(2);

        expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
        expect((await store.failures.list(10)).items.map((item) => item.contact)).toEqual([other]);
        expect((await store.counts()).contacts).toMatchObject({ waiting: 0, failed: 1 });
        expect(await store.events.find(mapped.id)).toMatchObject({
          event: { payload: "null", withdrawn: "erased" },
          result: { outcome: "erased" },
        });
        expect((await store.events.find(unmappable.id))?.failure).toBeUndefined();
        expect(await store.events.find(theirs.id)).toMatchObject({
          event: theirs,
          result: resultOf(theirs.id),
        });
        for (const { id, identity } of [mapped, unmappable]) {
          expect(await store.events.accept([sampleEvent({ identity })])).toEqual([{ id, duplicate: true }]);
          expect(await store.events.replay(id)).toBe(false);
        }
        expect(await store.erase(contact)).toBe(0);

        await store.mailbox.post([sampleUpdate(contact)]);
        await store.wake(contact);
        expect((await store.counts()).contacts.waiting).toBe(1);
      });
    });

    it("an event that is being mapped again ends as erased, and posts nothing", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const event = sampleEvent();
        const update = sampleUpdate(contact, { email: "x@example.com" }, { eventId: event.id });
        const result: EventResult = { outcome: "mapped", updates: [update], warnings: [] };
        await store.events.accept([event]);
        const conclude = async () => {
          const claimed = await store.events.claim(10);
          return async () =>
            await store.events.conclude(claimed.map((one) => ({ kind: "completed", claimed: one, result })));
        };
        expect(await (await conclude())()).toMatchObject([{ contact }]);
        await store.events.replay(event.id);
        const concludeAgain = await conclude();
        expect(await store.erase(contact)).toBe(1);
        expect(await concludeAgain()).toEqual([]);
        expect(await store.events.find(event.id)).toMatchObject({
          event: { payload: "null", withdrawn: "erased" },
          state: "completed",
          result: { outcome: "erased" },
        });
        expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
        expect(await store.mailbox.eventIds(contact)).toEqual([]);
      });
    });

    it("a settlement of what was erased meanwhile writes nothing", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const update = sampleUpdate(contact);
        const applied = { firstName: { stamp: update.stamp, eventId: update.eventId } };
        const note = sampleNote();
        const settlement = { done: [update.id], sent: [update.id], applied, notes: [note] };
        await store.mailbox.post([update]);
        await store.erase(contact);
        expect(await store.mailbox.settle(contact, settlement)).toBe(false);
        expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
        const later = { ...update, eventId: sampleEvent().id };
        await store.mailbox.post([later]);
        expect(await store.mailbox.settle(contact, settlement)).toBe(true);
        expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied, history: [note] });
      });
    });

    it("a delivery that is under way keeps its job, and its contact can be woken again", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        await store.mailbox.post([sampleUpdate(contact)]);
        await store.wake(contact);
        const { runs, letGo, worker } = gatedWorker(store);
        await until(() => runs() === 1, 20_000, "the run");
        await store.erase(contact);
        await store.wake(contact);
        letGo();
        await until(() => runs() === 2, 20_000, "the run after it");
        letGo();
        await until(async () => (await store.counts()).contacts.active === 0, 20_000, "the end");
        await worker.close();
      });
    });

    it("an erased event that still waited, was put off or had failed ends as erased at once", async () => {
      await withStore({}, async ({ store }) => {
        const [failed, later, waits] = [sampleEvent(), sampleEvent(), sampleEvent()];
        await store.events.accept([later]);
        const [putOff] = await store.events.claim(1);
        if (putOff)
          await store.events.conclude([{ kind: "delayed", claimed: putOff, delayMs: 0, reason: "x" }]);
        expect(await stateOf(store, later.id)).toBe("delayed");
        await store.events.erase([later.id]);
        await store.events.accept([failed]);
        const [claimed] = await store.events.claim(1);
        if (claimed) await store.events.conclude([{ kind: "failed", claimed, reason: "no" }]);
        await store.events.accept([waits]);
        await store.events.erase([failed.id, waits.id]);
        for (const { id } of [failed, later, waits]) {
          expect(await store.events.find(id)).toMatchObject({
            state: "completed",
            result: { outcome: "erased" },
          });
        }
        expect(await store.events.claim(10)).toEqual([]);
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
      });
    });
  });
}
