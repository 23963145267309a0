import { UnrecoverableError } from "bullmq";
import { describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate } from "../../src/contact/event.ts";
import type { Failure, Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate } from "../helpers/store-samples.ts";
import { ignored, stateOf, type Suite, withEventWorker } from "./suite.ts";

/** What every engine promises: replays and the parked. */
export function parkedContract(suite: Suite): void {
  describe("replays and the parked", () => {
    const { withStore } = suite;
    it("a finished event runs again as its next run; one that has not finished is left alone", async () => {
      await withStore({}, async ({ store }) => {
        const event = sampleEvent();
        await store.events.accept([event]);
        expect(await store.events.replay(event.id)).toBe(false);
        expect(await store.events.replay("evt_unknown")).toBe(false);
        const runs: number[] = [];
        await withEventWorker(
          store,
          async ({ replay }) => {
            runs.push(replay);
            if (replay === 1) throw new UnrecoverableError("the mapping is wrong");
            return ignored;
          },
          async () => {
            await until(async () => (await stateOf(store, event.id)) === "completed", 10_000, "run 0");
            expect(await store.events.replay(event.id)).toBe(true);
            await until(async () => (await stateOf(store, event.id)) === "failed", 10_000, "run 1");
            expect(await store.events.replay(event.id)).toBe(true);
            await until(async () => (await stateOf(store, event.id)) === "completed", 10_000, "run 2");
          },
        );
        expect(runs).toEqual([0, 1, 2]);
        const record = await store.events.find(event.id);
        expect(record).toMatchObject({ event: { replay: 2 }, state: "completed", result: ignored });
        expect(record?.failure).toBeUndefined();
        expect(await store.events.accept([sampleEvent({ identity: event.identity })])).toEqual([
          { id: event.id, duplicate: true },
        ]);
      });
    });

    async function parkDelivery(store: Store, contact: ContactRef, updates: ContactUpdate[]) {
      const parked = updates.map((update, at) => ({
        reason: "refused",
        status: 400,
        message: `no ${at}`,
        at,
        attempts: 1,
        updates: [update],
      }));
      const failedBefore = (await store.counts()).contacts.failed;
      await store.wake(contact);
      const worker = store.startWorker(
        async (job) => {
          await job.updateData({ contact, parked });
          throw new UnrecoverableError("refused");
        },
        { concurrency: 1 },
      );
      try {
        await until(
          async () => (await store.counts()).contacts.failed === failedBefore + 1,
          10_000,
          "the delivery to be parked",
        );
      } finally {
        await worker.close();
      }
    }

    async function failEvents(store: Store, count: number) {
      await withEventWorker(
        store,
        () => Promise.reject(new UnrecoverableError("the mapping is wrong")),
        () => until(async () => (await store.counts()).events.failed === count, 20_000, "the failure"),
      );
    }

    it("each parked piece is listed with what it carries, and leaves by retry or drop alone", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const updates = [sampleUpdate(contact), sampleUpdate(contact, { email: null })];
        await parkDelivery(store, contact, updates);
        const { items, next } = await store.failures.list(10);
        expect(next).toBeUndefined();
        expect(items).toMatchObject([
          { kind: "delivery", contact, reason: "refused", status: 400, updates: [updates[0]] },
          { kind: "delivery", contact, message: "no 1", fields: ["email"], updates: [updates[1]] },
        ]);
        const [first, second] = items;
        expect(await store.failures.find(first?.id ?? "")).toEqual(first);

        expect(await store.failures.retry(first?.id ?? "")).toBe(true);
        const [posted] = (await store.mailbox.read(contact)).waiting;
        expect({ ...posted, receivedAt: updates[0]?.receivedAt }).toEqual(updates[0]);
        expect((await store.counts()).contacts).toMatchObject({ waiting: 1, failed: 1 });
        expect(await store.failures.retry(first?.id ?? "")).toBe(false);
        expect((await store.failures.list(10)).items).toEqual([second]);

        expect(await store.failures.drop(second?.id ?? "")).toBe(true);
        expect(await store.failures.drop(second?.id ?? "")).toBe(false);
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
        expect((await store.counts()).contacts.failed).toBe(0);
        expect((await store.mailbox.read(contact)).waiting).toEqual([posted]);
      });
    });

    it("pieces that are taken out at the same moment all stay out, and the others stay", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const updates = Array.from({ length: 6 }, () => sampleUpdate(contact));
        await parkDelivery(store, contact, updates);
        const ids = (await store.failures.list(10)).items.map(({ id }) => id);
        const [first = "", second = "", third = "", fourth = "", ...rest] = ids;
        await Promise.all([
          store.failures.drop(first),
          store.failures.retry(second),
          store.failures.drop(third),
          store.failures.retry(fourth),
        ]);
        expect((await store.failures.list(10)).items.map(({ id }) => id)).toEqual(rest);
        const posted = (await store.mailbox.read(contact)).waiting.map(({ id }) => id);
        expect(new Set(posted)).toEqual(new Set([updates[1]?.id, updates[3]?.id]));
        const answers = await Promise.all([...rest, ...rest].map((id) => store.failures.drop(id)));
        expect(answers.slice(0, 2).map((gone, at) => gone || answers[at + 2])).toEqual([true, true]);
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
        expect((await store.counts()).contacts.failed).toBe(0);
      });
    });

    it("an event that failed is listed, and a retry maps it again as the same run", async () => {
      await withStore({}, async ({ store }) => {
        const [fails, stays] = [sampleEvent(), sampleEvent()];
        await store.events.accept([fails, stays]);
        let broken = true;
        await withEventWorker(
          store,
          async () => {
            if (broken) throw new UnrecoverableError("the mapping is wrong");
            return ignored;
          },
          async () => {
            await until(async () => (await store.counts()).events.failed === 2, 10_000, "both to fail");
            expect((await store.failures.list(10)).items).toContainEqual(
              expect.objectContaining({
                id: fails.id,
                kind: "event",
                source: "shop",
                message: "the mapping is wrong",
              }),
            );
            broken = false;
            expect(await store.failures.retry(fails.id)).toBe(true);
            await until(async () => (await stateOf(store, fails.id)) === "completed", 10_000, "the retry");
          },
        );
        expect(await store.failures.retry(fails.id)).toBe(false);
        expect((await store.events.find(fails.id))?.event.replay).toBe(0);
        expect((await store.failures.list(10)).items.map((item) => item.id)).toEqual([stays.id]);
        expect(await store.failures.drop(stays.id)).toBe(true);
        expect(await store.failures.find(stays.id)).toBeUndefined();
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
      });
    });

    it("a retry counts the age of what it delivers anew, and keeps its stamps", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const update = sampleUpdate(contact, { firstName: "Ann" }, { receivedAt: 1_000 });
        await parkDelivery(store, contact, [update]);
        const before = Date.now();
        await store.failures.retry((await store.failures.list(1)).items[0]?.id ?? "");
        const [posted] = (await store.mailbox.read(contact)).waiting;
        expect(posted).toMatchObject({ id: update.id, stamp: update.stamp });
        expect(posted?.receivedAt).toBeGreaterThanOrEqual(before);

        const event = sampleEvent({ receivedAt: 1_000 });
        await store.events.accept([event]);
        await failEvents(store, 1);
        await store.failures.retry(event.id);
        const retried = (await store.events.find(event.id))?.event;
        expect(retried).toMatchObject({ receivedAt: 1_000, replay: 0 });
        expect(retried?.retriedAt).toBeGreaterThanOrEqual(before);
      });
    });

    it("a dropped event is gone, what it held too, and its duplicates are still refused", async () => {
      await withStore({}, async ({ store }) => {
        const event = sampleEvent({ payload: '{"email":"gone@example.com"}', attributes: { by: "x" } });
        await store.events.accept([event]);
        await failEvents(store, 1);
        expect(await store.failures.drop(event.id)).toBe(true);
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
        expect((await store.events.find(event.id))?.event).toMatchObject({
          payload: "null",
          attributes: {},
          withdrawn: "dropped",
        });
        expect(await store.events.find(event.id)).toMatchObject({
          state: "completed",
          result: { outcome: "ignored", reason: "dropped" },
        });
        expect(await store.events.claim(10)).toEqual([]);
        const again = [sampleEvent({ identity: event.identity })];
        expect(await store.events.accept(again)).toEqual([{ id: event.id, duplicate: true }]);
        expect(await store.events.replay(event.id)).toBe(false);
        expect(await store.events.accept(again)).toEqual([{ id: event.id, duplicate: true }]);
      });
    });

    it("whoever retries page by page meets every item, although pages shift under the cursor", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        await parkDelivery(store, contact, [
          sampleUpdate(contact),
          sampleUpdate(contact),
          sampleUpdate(contact),
        ]);
        for (let n = 0; n < 4; n += 1) {
          const other = sampleContact();
          await parkDelivery(store, other, [sampleUpdate(other)]);
        }
        const met: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.failures.list(2, cursor);
          expect(page.items.length).toBeLessThanOrEqual(2);
          for (const { id } of page.items) {
            met.push(id);
            expect(await store.failures.retry(id)).toBe(true);
          }
          cursor = page.next;
        } while (cursor !== undefined);
        expect(new Set(met).size).toBe(7);
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
      });
    });

    it("names that are no ids, BullMQ's own keys among them, are simply not there", async () => {
      await withStore({}, async ({ store }) => {
        await parkDelivery(store, sampleContact(), [sampleUpdate(sampleContact())]);
        const names = [
          "",
          "wait",
          "failed",
          "meta",
          "dlv_failed.0",
          "dlv_1.x",
          "dlv_99999999999.0",
          "evt_\0",
          "a:b",
        ];
        for (const name of names) {
          expect(await store.failures.find(name), name).toBeUndefined();
          expect(await store.failures.retry(name), name).toBe(false);
          expect(await store.failures.drop(name), name).toBe(false);
          expect(await store.events.find(name), name).toBeUndefined();
          expect(await store.events.replay(name), name).toBe(false);
          expect(await store.failures.isCursor(name), name).toBe(false);
        }
      });
    });

    it("what was applied is remembered as long as something is parked for the contact", async () => {
      await withStore({ retentionMs: 500 }, async ({ store }) => {
        const [parked, other] = [sampleContact(), sampleContact()];
        const update = sampleUpdate(parked);
        const applied = { email: { stamp: update.stamp, eventId: update.eventId } };
        await store.mailbox.settle(parked, { done: [], applied });
        await parkDelivery(store, parked, [update]);
        await store.mailbox.settle(other, { done: [], applied });
        const known = async (contact: ContactRef) => "email" in (await store.mailbox.read(contact)).applied;
        await until(
          async () => {
            await store.failures.guard();
            return !(await known(other));
          },
          20_000,
          "the other's stamps to expire",
        );
        expect(await known(parked)).toBe(true);
      });
    });

    it("pages hold every item exactly once, deliveries before events", async () => {
      await withStore({}, async ({ store }) => {
        const contacts = [sampleContact(), sampleContact(), sampleContact()];
        for (const contact of contacts) await parkDelivery(store, contact, [sampleUpdate(contact)]);
        const events = Array.from({ length: 5 }, () => sampleEvent());
        for (const event of events) {
          await store.events.accept([event]);
          const [claimed] = await store.events.claim(1);
          if (claimed) await store.events.conclude([{ kind: "failed", claimed, reason: "no" }]);
          const failedAt = Date.now();
          await until(() => Date.now() > failedAt + 2, 5_000, "a moment to pass");
        }
        const seen: Failure[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.failures.list(2, cursor);
          seen.push(...page.items);
          cursor = page.next;
        } while (cursor !== undefined);
        expect(seen.slice(0, 3).map((item) => item.contact)).toEqual(contacts.toReversed());
        expect(seen.slice(3).map((item) => item.id)).toEqual(events.map((event) => event.id).toReversed());
        expect(seen).toHaveLength(8);
      });
    });
  });
}
