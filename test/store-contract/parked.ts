import { UnrecoverableError } from "bullmq";
import { describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate } from "../../src/contact/event.ts";
import type { Failure, Store, WakeJobData } from "../../src/store/store.ts";
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
      const worker = store.startWorker<WakeJobData, void>(
        "contacts",
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
        expect((await store.mailbox.read(contact)).waiting).toEqual([updates[0]]);
        expect((await store.counts()).contacts).toMatchObject({ waiting: 1, failed: 1 });
        expect(await store.failures.retry(first?.id ?? "")).toBe(false);
        expect((await store.failures.list(10)).items).toEqual([second]);

        expect(await store.failures.drop(second?.id ?? "")).toBe(true);
        expect(await store.failures.drop(second?.id ?? "")).toBe(false);
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
        expect((await store.counts()).contacts.failed).toBe(0);
        expect((await store.mailbox.read(contact)).waiting).toEqual([updates[0]]);
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

    it("pages hold every item exactly once, deliveries before events", async () => {
      await withStore({}, async ({ store }) => {
        const contacts = [sampleContact(), sampleContact(), sampleContact()];
        for (const contact of contacts) await parkDelivery(store, contact, [sampleUpdate(contact)]);
        const events = [sampleEvent(), sampleEvent()];
        await store.events.accept(events);
        await withEventWorker(
          store,
          () => Promise.reject(new UnrecoverableError("no")),
          () => until(async () => (await store.counts()).events.failed === 2, 10_000, "both to fail"),
        );
        const seen: Failure[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.failures.list(2, cursor);
          seen.push(...page.items);
          cursor = page.next;
        } while (cursor !== undefined);
        expect(seen.slice(0, 3).map((item) => item.contact)).toEqual(contacts.toReversed());
        expect(
          seen
            .slice(3)
            .map((item) => item.id)
            .toSorted(),
        ).toEqual(events.map((event) => event.id).toSorted());
        expect(seen).toHaveLength(5);
      });
    });
  });
}
