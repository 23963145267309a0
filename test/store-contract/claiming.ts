import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Claimed, Conclusion, EventResult } from "../../src/store/event-log.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate } from "../helpers/store-samples.ts";
import { ignored, stateOf, type Suite } from "./suite.ts";

/** What every engine promises: claiming events and concluding them. */
export function claimingContract(suite: Suite): void {
  describe("claiming and concluding", () => {
    const { withStore } = suite;
    const completed = (claimed: Claimed, result: EventResult = ignored): Conclusion => {
      return { kind: "completed", claimed, result };
    };
    async function claimOne(store: Store): Promise<Claimed> {
      const [claimed] = await store.events.claim(1);
      if (!claimed) throw new Error("an event was to be there");
      return claimed;
    }

    it("events are claimed oldest first, and each by one only, however many claim at once", async () => {
      await withStore({}, async ({ store }) => {
        const events = Array.from({ length: 520 }, () => sampleEvent());
        await store.events.accept(events);
        expect((await store.events.claim(20)).map(({ event }) => event)).toEqual(events.slice(0, 20));
        const claims = await Promise.all(Array.from({ length: 50 }, () => store.events.claim(10)));
        const ids = claims.flat().map(({ event }) => event.id);
        expect(ids.toSorted()).toEqual(
          events
            .slice(20)
            .map(({ id }) => id)
            .toSorted(),
        );
        expect(await store.events.claim(10)).toEqual([]);
        expect(await store.events.claim(0)).toEqual([]);
        expect((await store.counts()).events).toMatchObject({ waiting: 0, active: 520 });
      });
    });

    it("fewer are claimed at once where they are large, but always one", async () => {
      await withStore({}, async ({ store }) => {
        // Random, so that no engine keeps it in less.
        const large = () => JSON.stringify({ noise: randomBytes(2_250_000).toString("base64") });
        const events = Array.from({ length: 3 }, () => sampleEvent({ payload: large() }));
        for (const event of events) await store.events.accept([event]);
        const met: string[] = [];
        for (const _ of events) {
          const claimed = await store.events.claim(10);
          expect(claimed.length).toBe(1);
          met.push(...claimed.map(({ event }) => event.id));
        }
        expect(met).toEqual(events.map(({ id }) => id));
      });
    });

    it("claims are counted anew after a replay and after a retry", async () => {
      await withStore({}, async ({ store }) => {
        const event = sampleEvent();
        await store.events.accept([event]);
        const first = await claimOne(store);
        await store.events.conclude([{ kind: "released", claimed: first }]);
        const second = await claimOne(store);
        expect([first.attempts, second.attempts]).toEqual([1, 2]);
        await store.events.conclude([{ kind: "failed", claimed: second, reason: "no" }]);
        expect(await store.events.retry(event.id)).toBe(true);
        const retried = await claimOne(store);
        expect(retried).toMatchObject({ attempts: 1, event: { replay: 0 } });
        await store.events.conclude([completed(retried)]);
        expect(await store.events.replay(event.id)).toBe(true);
        expect(await claimOne(store)).toMatchObject({ attempts: 1, event: { replay: 1 } });
      });
    });

    it("a conclusion writes the result, posts the updates and names whom to wake, once", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const [mapped, fails] = [sampleEvent(), sampleEvent()];
        await store.events.accept([mapped, fails]);
        const [one, two] = await store.events.claim(2);
        if (!one || !two) throw new Error("both were to be claimed");
        const update = sampleUpdate(contact, { firstName: "Ann" }, { eventId: mapped.id });
        const conclusions: Conclusion[] = [
          completed(one, { outcome: "mapped", updates: [update], warnings: [] }),
          { kind: "failed", claimed: two, reason: "no", erased: ["c_1"] },
        ];
        expect(await store.events.conclude(conclusions)).toEqual([
          { contact, priority: "normal", raises: false },
        ]);
        expect((await store.mailbox.read(contact)).waiting).toEqual([update]);
        expect(await store.mailbox.eventIds(contact)).toEqual([mapped.id]);
        expect(await stateOf(store, mapped.id)).toBe("completed");
        expect(await store.events.find(fails.id)).toMatchObject({
          state: "failed",
          failure: "no",
          event: { erased: ["c_1"] },
        });
        expect(await store.events.conclude(conclusions)).toEqual([]);
        expect((await store.counts()).events).toMatchObject({ completed: 1, failed: 1, active: 0 });
      });
    });

    it("a conclusion under another lease, or of an earlier run, changes nothing", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const event = sampleEvent();
        await store.events.accept([event]);
        const first = await claimOne(store);
        const update = sampleUpdate(contact, {}, { eventId: event.id });
        const result: EventResult = { outcome: "mapped", updates: [update], warnings: [] };
        const stranger = { ...first, lease: "somebody else's" };
        expect(await store.events.conclude([completed(stranger, result)])).toEqual([]);
        expect(await stateOf(store, event.id)).toBe("active");
        await store.events.conclude([completed(first)]);
        await store.events.replay(event.id);
        const second = await claimOne(store);
        expect(await store.events.conclude([completed(first, result)])).toEqual([]);
        expect(await store.events.find(event.id)).toMatchObject({ state: "active", event: { replay: 1 } });
        expect((await store.mailbox.read(contact)).waiting).toEqual([]);
        await store.events.conclude([completed(second)]);
        expect(await stateOf(store, event.id)).toBe("completed");
      });
    });

    it("what was given back can be claimed at once; what was put off not before its time", async () => {
      await withStore({}, async ({ store }) => {
        const [back, later] = [sampleEvent(), sampleEvent()];
        await store.events.accept([back, later]);
        const [one, two] = await store.events.claim(2);
        if (!one || !two) throw new Error("both were to be claimed");
        await store.events.conclude([
          { kind: "released", claimed: one },
          { kind: "delayed", claimed: two, delayMs: 1_000, reason: "its limit" },
        ]);
        const putOffAt = Date.now();
        expect((await store.events.claim(10)).map(({ event }) => event.id)).toEqual([back.id]);
        expect(await store.events.find(later.id)).toMatchObject({ state: "delayed", waitsFor: "its limit" });
        let again: readonly Claimed[] = [];
        await until(
          async () => (again = await store.events.claim(10)).length > 0,
          10_000,
          "the delay to end",
        );
        expect(Date.now() - putOffAt).toBeGreaterThan(950);
        expect(again).toMatchObject([{ event: { id: later.id }, attempts: 2 }]);
      });
    });

    it(
      "a claim that is not extended is given to whoever asks next, and its first holder's conclusion counts no more",
      { timeout: 60_000 },
      async () => {
        const leaseMs = 1_500;
        await withStore({ leaseMs }, async ({ store }) => {
          const [kept, left] = [sampleEvent(), sampleEvent()];
          await store.events.accept([kept, left]);
          const [one, two] = await store.events.claim(2);
          if (!one || !two) throw new Error("both were to be claimed");
          const claimedAt = Date.now();
          const extending = setInterval(() => void store.events.extend([one]), 200);
          let again: readonly Claimed[] = [];
          try {
            await until(
              async () => (again = await store.events.claim(10)).length > 0,
              40_000,
              "the lease to end",
            );
          } finally {
            clearInterval(extending);
          }
          expect(Date.now() - claimedAt).toBeGreaterThan(leaseMs - 200);
          expect(again).toMatchObject([{ event: { id: left.id }, attempts: 2 }]);
          await store.events.conclude([completed(one), completed(two)]);
          expect(await stateOf(store, kept.id)).toBe("completed");
          expect(await stateOf(store, left.id)).toBe("active");
        });
      },
    );

    it("many contacts are woken in one call, each once", async () => {
      await withStore({}, async ({ store }) => {
        const contacts = Array.from({ length: 30 }, sampleContact);
        await store.wakeAll([]);
        const wakes = contacts.map((contact) => ({ contact, priority: "normal", raises: true }) as const);
        await Promise.all([store.wakeAll([...wakes, ...wakes]), store.wakeAll(wakes)]);
        expect((await store.counts()).contacts.waiting).toBe(30);
      });
    });
  });
}
