import { describe, expect, it } from "vitest";
import type { ContactUpdate } from "../../src/contact/event.ts";
import type { ArchiveRecord } from "../../src/store/archive-port.ts";
import type { Store, WakeJobData } from "../../src/store/store.ts";
import { covers } from "../../src/store/archive.ts";
import { comparable, furnish, recordsOf } from "../helpers/furnished-store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, stampAt, sampleNote } from "../helpers/store-samples.ts";
import { ignored, startEventWorker, stateOf, type Suite, waitingEvents } from "./suite.ts";

/** What every engine promises: everything that matters can be carried to another store, in any order of accidents. */
export function archiveContract(suite: Suite): void {
  describe("the archive", () => {
    const { withStore } = suite;
    // Two stores are opened for one test, which takes its time where a store is a whole database.
    const timeout = 120_000;

    async function withTwo(work: (one: Store, two: Store) => Promise<void>): Promise<void> {
      await withStore({}, async ({ store: one }) => {
        await withStore({}, async ({ store: two }) => work(one, two));
      });
    }

    it("an empty store has nothing to export", { timeout }, async () => {
      await withStore({}, async ({ store }) => {
        expect(await recordsOf(store)).toEqual([]);
        expect(await store.archive.readMark()).toBeUndefined();
        expect(await store.archive.runningWorkers()).toBe(0);
      });
    });

    it(
      "what is imported twice, or in halves after a crash, is there once and is all there",
      { timeout },
      async () => {
        await withTwo(async (source, target) => {
          await furnish(source);
          const records = await recordsOf(source);
          const half = Math.floor(records.length / 2);
          await target.archive.import(records.slice(0, half));
          await target.archive.import(records);
          await target.archive.import(records.slice(half));
          expect(comparable(await recordsOf(target))).toEqual(comparable(records));
          const held = await target.archive.find(records);
          expect(records.filter((record, at) => !covers(held[at], record, Date.now()))).toEqual([]);
          // The source was only read.
          expect(comparable(await recordsOf(source))).toEqual(comparable(records));
        });
      },
    );

    it(
      "what was imported works: it is found, refused as a duplicate, replayed, retried and mapped in its order",
      { timeout },
      async () => {
        await withTwo(async (source, target) => {
          const given = await furnish(source);
          await target.archive.import(await recordsOf(source));

          for (const event of [
            ...given.completed,
            given.failed,
            given.replayed,
            given.delayed,
            ...given.waiting,
          ]) {
            const record = await target.events.find(event.id);
            expect(record).toEqual(await source.events.find(event.id));
            const again = sampleEvent({ identity: event.identity, source: event.source });
            expect(await target.events.accept([again])).toEqual([{ id: event.id, duplicate: true }]);
          }
          for (const contact of [given.both, given.busy, given.parked]) {
            expect(byId(await target.mailbox.read(contact))).toEqual(
              byId(await source.mailbox.read(contact)),
            );
          }
          expect(await target.counts()).toEqual(await source.counts());
          expect(await target.pacer.take(1)).toMatchObject({ kind: "paused", reason: "unauthorized" });

          const { items } = await target.failures.list(10);
          const without = (item: (typeof items)[number]) => ({ ...item, id: item.kind });
          expect(items.map(without)).toEqual((await source.failures.list(10)).items.map(without));
          expect(items[0]).toMatchObject({
            contact: given.parked,
            status: 400,
            message: "no 0",
            at: 7,
            attempts: 3,
          });
          expect(await target.failures.retry(items[0]?.id ?? "")).toBe(true);
          expect(await target.failures.drop(items[1]?.id ?? "")).toBe(true);
          // A retry counts its age anew.
          const unaged = (updates: readonly ContactUpdate[] = []) =>
            updates.map((update) => ({ ...update, receivedAt: 0 }));
          expect(unaged((await target.mailbox.read(given.parked)).waiting)).toEqual(
            unaged(given.parkedPieces[0]?.updates),
          );
          expect(await target.events.replay(given.completed[0]?.id ?? "")).toBe(true);
          expect(await target.failures.retry(given.failed.id)).toBe(true);

          const mapped: string[] = [];
          const worker = startEventWorker(target, async ({ id }) => {
            mapped.push(id);
            return ignored;
          });
          const woken: WakeJobData[] = [];
          const wakes = target.startWorker(async (job) => void woken.push(job.data), { concurrency: 1 });
          await until(() => mapped.length === 7 && woken.length === 2, 20_000, "all that waited");
          await worker.close();
          await wakes.close();
          expect(mapped.slice(0, 5)).toEqual(given.waiting.map(({ id }) => id));
          expect(new Set(mapped.slice(5))).toEqual(new Set([given.completed[0]?.id, given.failed.id]));
          expect(new Set(woken.map(({ contact }) => contact))).toEqual(new Set([given.both, given.parked]));
          expect((await target.counts()).events.delayed).toBe(1);
          expect((await target.counts()).contacts).toMatchObject({ delayed: 1, failed: 0 });
        });
      },
    );

    it(
      "merging: the newest stamp stays on either side, and history is kept by time, each line once",
      { timeout },
      async () => {
        await withTwo(async (source, target) => {
          const contact = sampleContact();
          const at = (time: number) => ({ stamp: stampAt(time), eventId: `evt_${time}` });
          const now = Date.now();
          const note = (time: number) => sampleNote({ at: now + time });
          await source.mailbox.settle(contact, {
            done: [],
            applied: { email: at(1), phone: at(4) },
            notes: [note(1)],
          });
          await target.mailbox.settle(contact, {
            done: [],
            applied: { email: at(2), phone: at(3) },
            notes: [note(2)],
          });
          const records = await recordsOf(source);
          await target.archive.import(records);
          await target.archive.import(records);
          const { applied, history } = await target.mailbox.read(contact);
          expect({ ...applied }).toEqual({ email: at(2), phone: at(4) });
          expect(history).toEqual([note(1), note(2)]);
        });
      },
    );

    it(
      "merging: an event that waits in both is left out once it is a duplicate; a finished one only adds its record",
      { timeout },
      async () => {
        await withTwo(async (source, target) => {
          const [waits, ends] = [sampleEvent(), sampleEvent()];
          await source.events.accept([ends]);
          const worker = startEventWorker(source, async () => ignored);
          await until(async () => (await stateOf(source, ends.id)) === "completed", 20_000, "the end");
          await worker.close();
          await source.events.accept([waits]);
          const same = [waits, ends].map(({ identity }) => sampleEvent({ identity }));
          await target.events.accept(same);
          await target.archive.import(await recordsOf(source));
          expect(await target.events.find(waits.id)).toBeUndefined();
          expect((await target.events.find(ends.id))?.state).toBe("completed");
          expect((await target.counts()).events).toMatchObject({ waiting: 2, completed: 1 });
          const resent = [waits, ends].map(({ identity }) => sampleEvent({ identity }));
          const ids = (await target.events.accept(resent)).map(({ id }) => id);
          expect(ids).toEqual(same.map(({ id }) => id));
        });
      },
    );

    it(
      "merging again later takes the further state of an event, and never goes back",
      { timeout },
      async () => {
        await withTwo(async (source, target) => {
          const event = sampleEvent();
          await source.events.accept([event]);
          const before = await recordsOf(source);
          await target.archive.import(before);
          const worker = startEventWorker(source, async () => ignored);
          await until(async () => (await stateOf(source, event.id)) === "completed", 20_000, "the end");
          await source.events.replay(event.id);
          await until(
            async () => (await source.events.find(event.id))?.state === "completed",
            20_000,
            "run 1",
          );
          await worker.close();
          const after = await recordsOf(source);
          await target.archive.import(after);
          await target.archive.import(before);
          expect(await target.events.find(event.id)).toMatchObject({
            state: "completed",
            event: { replay: 1 },
          });
          expect((await target.counts()).events).toMatchObject({ waiting: 0, completed: 1 });
        });
      },
    );

    it("an event whose window belongs to a later one is not taken for a duplicate", { timeout }, async () => {
      await withTwo(async (source, target) => {
        const record = (id: string, claimed: boolean): ArchiveRecord => ({
          kind: "event",
          event: sampleEvent({ id, identity: "same" }),
          state: "waiting",
          attempts: 0,
          acceptedAt: 1,
          claimed,
        });
        const expiresAt = Date.now() + 60_000;
        await source.archive.import([
          { kind: "window", id: "shop.same", eventId: "evt_later", expiresAt },
          record("evt_earlier", false),
          record("evt_later", true),
        ]);
        const records = await recordsOf(source);
        expect(records).toContainEqual({ kind: "window", id: "shop.same", eventId: "evt_later", expiresAt });
        await target.archive.import(records);
        expect((await waitingEvents(target)).map(({ id }) => id)).toEqual(["evt_earlier", "evt_later"]);
      });
    });

    it("a window keeps its own end, and one that is over is not brought back", { timeout }, async () => {
      await withStore({}, async ({ store }) => {
        const event = sampleEvent();
        const id = `${event.source}.${event.identity}`;
        await store.archive.import([{ kind: "window", id, eventId: "evt_old", expiresAt: Date.now() - 1 }]);
        expect(await recordsOf(store)).toEqual([]);
        const window = { kind: "window", id, eventId: "evt_old", expiresAt: Date.now() + 2_000 } as const;
        await store.archive.import([window, window]);
        expect(await store.events.accept([event])).toEqual([{ id: "evt_old", duplicate: true }]);
        await until(async () => (await recordsOf(store)).length === 0, 10_000, "the window to end");
        expect(await store.events.accept([event])).toEqual([{ id: event.id, duplicate: false }]);
      });
    });

    it(
      "what a run had set aside when it was cut off waits again on the other side",
      { timeout },
      async () => {
        await withTwo(async (source, target) => {
          const [taken, stays] = [sampleUpdate(sampleContact()), sampleUpdate(sampleContact())];
          await source.mailbox.post([taken, stays]);
          await source.wake(taken.contact);
          const worker = source.startWorker(
            async (job, token) => {
              const parked = [{ reason: "refused", at: 1, attempts: 1, updates: [taken] }];
              await job.updateData({ contact: taken.contact, parked });
              await source.mailbox.settle(taken.contact, { done: [taken.id], applied: {} });
              await job.moveToWait(token);
              throw new Error("cut off");
            },
            { concurrency: 1 },
          );
          await until(
            async () => (await source.mailbox.read(taken.contact)).waiting.length === 0,
            20_000,
            "the cut",
          );
          await worker.close();
          await target.archive.import(await recordsOf(source));
          expect((await target.mailbox.read(taken.contact)).waiting).toEqual([taken]);
          expect((await target.counts()).contacts.waiting).toBe(2);
        });
      },
    );

    it(
      "more than a page of everything, and payloads larger than a page, come whole and in order",
      { timeout },
      async () => {
        await withTwo(async (source, target) => {
          const large = JSON.stringify({ note: "xy".repeat(700_000) });
          const events = Array.from({ length: 450 }, (_, n) =>
            sampleEvent(n % 90 === 0 ? { payload: large } : {}),
          );
          for (let n = 0; n < events.length; n += 50) await source.events.accept(events.slice(n, n + 50));
          const updates = Array.from({ length: 450 }, () => sampleUpdate(sampleContact()));
          await source.mailbox.post(updates);
          for (const { contact } of updates) await source.wake(contact);
          const records = await recordsOf(source);
          expect(records).toHaveLength(450 * 3);
          for (let n = 0; n < records.length; n += 100)
            await target.archive.import(records.slice(n, n + 100));
          expect(await waitingEvents(target)).toEqual(events);
          expect(comparable(await recordsOf(target))).toEqual(comparable(await recordsOf(source)));
          expect((await target.counts()).contacts.waiting).toBe(450);
        });
      },
    );

    it("what a move left behind can be read again", { timeout }, async () => {
      await withStore({}, async ({ store }) => {
        await store.archive.writeMark({ from: "somewhere", startedAt: 1 });
        await store.archive.writeMark({ from: "somewhere", startedAt: 1, finishedAt: 2 });
        expect(await store.archive.readMark()).toEqual({ from: "somewhere", startedAt: 1, finishedAt: 2 });
        expect(await recordsOf(store)).toEqual([]);
      });
    });
  });
}

function byId(state: Awaited<ReturnType<Store["mailbox"]["read"]>>) {
  return {
    ...state,
    applied: { ...state.applied },
    waiting: state.waiting.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}
