import { ulid } from "ulid";
import { beforeAll, describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import { forgetEventsEvery, stampRetentionFactor } from "../../src/store/retention.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, stampAt } from "../helpers/store-samples.ts";
import { type Suite } from "./suite.ts";

/** What every engine promises: mailboxes. */
export function mailboxesContract(suite: Suite): void {
  describe("mailboxes", () => {
    const { withStore } = suite;
    let store: Store;
    beforeAll(() => {
      store = suite.store();
    });

    it("an update posted twice is kept once, as it was first", async () => {
      const contact = sampleContact();
      const update = sampleUpdate(contact);
      await store.mailbox.post([update, { ...update, patch: { firstName: "Eve" } }]);
      await store.mailbox.post([{ ...update, patch: { firstName: "Bob" } }]);
      expect((await store.mailbox.read(contact)).waiting).toEqual([update]);
      await store.mailbox.post([]);
    });

    it("an update keeps the trace of its event, whichever way it was posted", async () => {
      const [posted, mapped] = [sampleContact(), sampleContact()];
      const trace = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: "vendor=1" };
      await store.mailbox.post([sampleUpdate(posted, { firstName: "Ann" }, { trace })]);
      await withStore({}, async ({ store: own }) => {
        await own.events.accept([sampleEvent()]);
        const [claimed] = await own.events.claim(1);
        if (!claimed) throw new Error("nothing was claimed");
        const eventId = claimed.event.id;
        const update = sampleUpdate(mapped, { firstName: "Ann" }, { eventId, trace });
        const result = { outcome: "mapped", updates: [update], warnings: [] } as const;
        await own.events.conclude([{ kind: "completed", claimed, result }]);
        expect((await own.mailbox.read(mapped)).waiting).toEqual([update]);
      });
      expect((await store.mailbox.read(posted)).waiting[0]?.trace).toEqual(trace);
    });

    it("one post may speak of several contacts; each reads its own", async () => {
      const [a, b] = [sampleContact(), sampleContact()];
      const updates = [sampleUpdate(a), sampleUpdate(b), sampleUpdate(a)];
      await store.mailbox.post(updates);
      const ids = async (contact: ContactRef) =>
        (await store.mailbox.read(contact)).waiting.map((update) => update.id).toSorted();
      expect(await ids(a)).toEqual([updates[0]?.id ?? "", updates[2]?.id ?? ""].toSorted());
      expect(await ids(b)).toEqual([updates[1]?.id]);
    });

    it("a contact that never rests does not name its events for ever, but those whose records may be there", async () => {
      await withStore({ retentionMs: 60_000 }, async ({ store: brief }) => {
        const contact = sampleContact();
        const ids = (ageMs: number) =>
          Array.from({ length: 2 * forgetEventsEvery }, () => `evt_${ulid(Date.now() - ageMs)}`);
        const long = ids(stampRetentionFactor * 60_000 + 5_000);
        const kept = ids(2 * 60_000);
        for (const eventId of [...long, ...kept]) {
          const update = sampleUpdate(contact, { firstName: "Ann" }, { id: eventId, eventId });
          await brief.mailbox.post([update]);
          await brief.mailbox.settle(contact, { done: [update.id], applied: {} });
        }
        const named = await brief.mailbox.erase(contact);
        expect(kept.filter((id) => !named.includes(id))).toEqual([]);
        expect(long.filter((id) => named.includes(id))).toEqual([]);
      });
    });

    it("an event whose record is still there is named, however long ago it arrived", async () => {
      await withStore({ retentionMs: 60_000 }, async ({ store: brief }) => {
        const contact = sampleContact();
        const longAgo = Date.now() - 10 * stampRetentionFactor * 60_000;
        const old = sampleEvent({ id: `evt_${ulid(longAgo)}`, receivedAt: longAgo });
        await brief.events.accept([old]);
        await brief.mailbox.post([sampleUpdate(contact, { firstName: "Ann" }, { eventId: old.id })]);
        for (let n = 0; n < 2 * forgetEventsEvery; n += 1) await brief.mailbox.post([sampleUpdate(contact)]);
        expect(await brief.mailbox.eventIds(contact)).toContain(old.id);
      });
    });

    it("any number of updates may wait for one contact: they are posted and settled", async () => {
      const contact = sampleContact();
      const updates = Array.from({ length: 70_000 }, (_, n) =>
        sampleUpdate(contact, { firstName: "Ann" }, { id: `u${n}`, eventId: `evt_${n % 100}` }),
      );
      await store.mailbox.post(updates);
      const ids = (await store.mailbox.read(contact)).waiting.map(({ id }) => id);
      expect(ids).toHaveLength(updates.length);
      expect(await store.mailbox.settle(contact, { done: ids, sent: ids, applied: {} })).toBe(true);
      expect((await store.mailbox.read(contact)).waiting).toEqual([]);
    }, 60_000);

    it("a settlement of nothing that was sent is written, whatever waits", async () => {
      const contact = sampleContact();
      const update = sampleUpdate(contact);
      await store.mailbox.post([update]);
      expect(await store.mailbox.settle(contact, { done: [update.id], sent: [], applied: {} })).toBe(true);
      expect((await store.mailbox.read(contact)).waiting).toEqual([]);
      expect(await store.mailbox.settle(contact, { done: [update.id], sent: [], applied: {} })).toBe(true);
      const gone = { done: [update.id], sent: [update.id], applied: {} };
      expect(await store.mailbox.settle(contact, gone)).toBe(false);
    });

    it("settling removes what is done and leaves what came meanwhile", async () => {
      const contact = sampleContact();
      const [done, late] = [sampleUpdate(contact), sampleUpdate(contact)];
      await store.mailbox.post([done]);
      await store.mailbox.post([late]);
      await store.mailbox.settle(contact, { done: [done.id, "unknown"], applied: {} });
      expect((await store.mailbox.read(contact)).waiting).toEqual([late]);
    });

    it("a newer stamp that was applied is never replaced by an older one", async () => {
      const contact = sampleContact();
      const older = { stamp: stampAt(1_000, "evt_a"), eventId: "evt_a" };
      const newer = { stamp: stampAt(1_000, "evt_b"), eventId: "evt_b" };
      await store.mailbox.settle(contact, { done: [], applied: { firstName: newer, lastName: older } });
      await store.mailbox.settle(contact, { done: [], applied: { firstName: older, lastName: newer } });
      expect((await store.mailbox.read(contact)).applied).toEqual({ firstName: newer, lastName: newer });
    });

    it("stamps are ordered by code unit, whatever the server's language", async () => {
      const contact = sampleContact();
      const upper = { stamp: stampAt(1_000, "evt_Z"), eventId: "evt_Z" };
      const lower = { stamp: stampAt(1_000, "evt_a"), eventId: "evt_a" };
      await store.mailbox.settle(contact, { done: [], applied: { firstName: lower } });
      await store.mailbox.settle(contact, { done: [], applied: { firstName: upper } });
      expect((await store.mailbox.read(contact)).applied).toEqual({ firstName: lower });
    });

    it("what was applied is forgotten four retentions after the last settlement; updates are not", async () => {
      await withStore({ retentionMs: 300 }, async ({ store }) => {
        const contact = sampleContact();
        const [done, kept] = [sampleUpdate(contact), sampleUpdate(contact)];
        await store.mailbox.post([done, kept]);
        const origin = { stamp: done.stamp, eventId: done.eventId };
        const applied = { firstName: origin, email: origin };
        await store.mailbox.settle(contact, { done: [done.id], applied });
        expect((await store.mailbox.read(contact)).applied).toEqual(applied);
        await until(
          async () => Object.keys((await store.mailbox.read(contact)).applied).length === 0,
          5_000,
          "the stamps to expire",
        );
        expect(await store.mailbox.overdue(Date.now() + 1_000, 10)).toEqual([contact]);
        expect(await store.mailbox.read(contact)).toEqual({ waiting: [kept], applied: {}, history: [] });
        // What was forgotten hides nothing older.
        const older = { stamp: stampAt(1), eventId: "evt_older" };
        const anew = { lastName: origin, firstName: older };
        await store.mailbox.settle(contact, { done: [kept.id], applied: anew });
        expect((await store.mailbox.read(contact)).applied).toEqual(anew);
      });
    });

    it("a contact is overdue while an update waits since before the given moment", async () => {
      await withStore({}, async ({ store }) => {
        const [a, b] = [sampleContact(), sampleContact()];
        const [first, second] = [sampleUpdate(a), sampleUpdate(b)];
        const before = Date.now() - 1;
        await store.mailbox.post([first]);
        await store.mailbox.post([second, sampleUpdate(b)]);
        const after = Date.now() + 1;
        expect(await store.mailbox.overdue(before, 10)).toEqual([]);
        expect((await store.mailbox.overdue(after, 10)).toSorted()).toEqual([a, b].toSorted());
        const oneByOne = [
          ...(await store.mailbox.overdue(after, 1)),
          ...(await store.mailbox.overdue(after, 1, 1)),
        ];
        expect(oneByOne.toSorted()).toEqual([a, b].toSorted());
        expect(await store.mailbox.overdue(after, 1, 2)).toEqual([]);
        await store.mailbox.settle(a, { done: [first.id], applied: {} });
        await store.mailbox.settle(b, { done: [second.id], applied: {} });
        expect(await store.mailbox.overdue(Date.now() + 60_000, 10)).toEqual([b]);
      });
    });

    it("an erased contact leaves nothing but the ids of the events that spoke of it", async () => {
      const contact = sampleContact();
      const [done, waiting] = [sampleUpdate(contact), sampleUpdate(contact)];
      await store.mailbox.post([done]);
      const origin = { stamp: done.stamp, eventId: done.eventId };
      await store.mailbox.settle(contact, { done: [done.id], applied: { firstName: origin } });
      await store.mailbox.post([waiting]);
      expect((await store.mailbox.erase(contact)).toSorted()).toEqual(
        [done.eventId, waiting.eventId].toSorted(),
      );
      expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
      expect(await store.mailbox.overdue(Date.now() + 60_000, 10_000)).not.toContain(contact);
      expect(await store.mailbox.erase(contact)).toEqual([]);
    });
  });
}
