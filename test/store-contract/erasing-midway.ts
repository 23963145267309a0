import { UnrecoverableError } from "bullmq";
import { describe, expect, it } from "vitest";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { EventResult } from "../../src/store/event-log.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate } from "../helpers/store-samples.ts";
import { isIdle, stateOf, type Suite, withEventWorker } from "./suite.ts";

/** What every engine promises: an erasure is whole, whatever is under way meanwhile. */
export function erasingMidwayContract(suite: Suite): void {
  describe("erasing a contact while", () => {
    const { withStore } = suite;

    const moments: [string, (delivery: SteppedDelivery) => Moments][] = [
      [
        "sets it aside and fails before the mailbox goes",
        ({ keep, settle, end }) => ({
          before: [keep, settle, end],
        }),
      ],
      [
        "set it aside before, settles before the mailbox goes and fails after",
        ({ keep, settle, end }) => ({ start: [keep], before: [settle], after: [end] }),
      ],
      [
        "sets it aside before the mailbox goes and finds nothing to settle",
        ({ keep, settle, end }) => ({ before: [keep], after: [settle, end] }),
      ],
      ["sets it aside after the mailbox went", ({ keep, settle, end }) => ({ after: [keep, settle, end] })],
    ];
    it.each(moments)("a delivery %s: nothing of it stays parked", async (_name, momentsOf) => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const delivery = startSteppedDelivery(store, contact);
        try {
          await delivery.begun();
          const { start = [], before = [], after = [] } = momentsOf(delivery);
          for (const step of start) await step();
          let goingOn: Promise<void> | undefined;
          aroundMailbox(store, {
            async before() {
              for (const step of before) await step();
            },
            after() {
              // Not waited for here: the erasure goes on at the same time.
              goingOn = after.reduce(async (done, step) => await done.then(step), Promise.resolve());
            },
          });
          await store.erase(contact);
          await goingOn;
          await until(async () => (await store.counts()).contacts.active === 0, 20_000, "the run to end");
        } finally {
          await delivery.close();
        }
        expect((await store.counts()).contacts).toMatchObject({ waiting: 0, failed: 0, delayed: 0 });
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
        for await (const record of store.archive.export()) {
          expect(JSON.stringify(record)).not.toContain(contact);
        }
      });
    });

    it("its events are being mapped, one before and one after: none of it is told", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const [first, second] = [sampleEvent(), sampleEvent()];
        const update = (id: string) => sampleUpdate(contact, { email: "x@example.com" }, { eventId: id });
        await store.events.accept([first]);
        await store.events.accept([second]);
        await store.mailbox.post([update(first.id), update(second.id)]);
        const [claimed] = await store.events.claim(1);
        await store.erase(contact);
        const late = await store.events.claim(10);
        expect(late).toEqual([]);
        if (!claimed) throw new Error("the first was to be claimed");
        const result: EventResult = { outcome: "mapped", updates: [update(first.id)], warnings: [] };
        expect(await store.events.conclude([{ kind: "completed", claimed, result }])).toEqual([]);
        for (const { id } of [first, second]) {
          expect(await store.events.find(id)).toMatchObject({
            event: { payload: "null", withdrawn: "erased" },
            state: "completed",
            result: { outcome: "erased" },
          });
        }
        expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
      });
    });

    it("a run that read its event before posts afterwards: its update is not taken", async () => {
      await withStore({}, async ({ store }) => {
        const [contact, other] = [sampleContact(), sampleContact()];
        const event = sampleEvent();
        const update = sampleUpdate(contact, { email: "x@example.com" }, { id: event.id, eventId: event.id });
        await store.events.accept([event]);
        await store.mailbox.post([update]);
        await store.erase(contact);
        const theirs = sampleUpdate(other);
        await store.mailbox.post([update, { ...update, id: `${event.id}.r1` }, theirs]);
        expect((await store.mailbox.read(contact)).waiting).toEqual([]);
        expect(await store.mailbox.eventIds(contact)).toEqual([]);
        expect(await store.mailbox.overdue(Date.now() + 60_000, 10)).toEqual([other]);
        expect((await store.mailbox.read(other)).waiting).toEqual([theirs]);
      });
    });

    it("what is parked for it is retried: none of it is posted back", async () => {
      await withStore({}, async ({ store }) => {
        const contact = sampleContact();
        const delivery = startSteppedDelivery(store, contact);
        await delivery.begun();
        for (const step of [delivery.keep, delivery.settle, delivery.end]) await step();
        await delivery.close();
        const [item] = (await store.failures.list(10)).items;
        const post = store.mailbox.post;
        store.mailbox.post = async (updates) => {
          await store.erase(contact);
          await post(updates);
        };
        await store.failures.retry(item?.id ?? "");
        expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
        expect(await store.failures.list(10)).toEqual({ items: [], next: undefined });
        expect((await store.counts()).contacts.failed).toBe(0);
      });
    });

    it("an event of it erases from within its own run: it is not waited for", async () => {
      await withStore({}, async ({ store }) => {
        const event = sampleEvent();
        await store.events.accept([event]);
        const startedAt = performance.now();
        await withEventWorker(
          store,
          async ({ id }) => {
            await store.erase(sampleContact());
            await store.events.erase([id]);
            return { outcome: "erased" };
          },
          () => until(async () => (await stateOf(store, event.id)) === "completed", 20_000, "its end"),
        );
        expect(performance.now() - startedAt).toBeLessThan(10_000);
        expect((await store.events.find(event.id))?.event.payload).toBe("null");
      });
    });

    it("an event is replayed, or a parked one retried: it stays erased", async () => {
      await withStore({}, async ({ store }) => {
        const events = Array.from({ length: 20 }, () => sampleEvent());
        const failing = new Set(events.slice(10).map(({ id }) => id));
        await store.events.accept(events);
        await withEventWorker(
          store,
          async ({ id }) => {
            if (failing.has(id)) throw new UnrecoverableError("no");
            return { outcome: "ignored", reason: "no-identifier", warnings: [] };
          },
          () => until(async () => isIdle(await store.counts(), "events"), 20_000, "all to end"),
        );
        for (const { id } of events) {
          await Promise.all([
            failing.has(id) ? store.failures.retry(id) : store.events.replay(id),
            store.events.erase([id]),
          ]);
          expect((await store.events.find(id))?.event).toMatchObject({
            payload: "null",
            withdrawn: "erased",
          });
        }
      });
    });
  });
}

type Step = () => Promise<void>;

interface Moments {
  readonly start?: readonly Step[];
  readonly before?: readonly Step[];
  readonly after?: readonly Step[];
}

function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

/** Does something just before and just after the mailbox itself is taken, in the middle of an erasure. */
function aroundMailbox(store: Store, around: { before(): Promise<void>; after(): void }): void {
  const erase = store.mailbox.erase;
  store.mailbox.erase = async (contact) => {
    await around.before();
    const ids = await erase(contact);
    around.after();
    return ids;
  };
}

type SteppedDelivery = ReturnType<typeof startSteppedDelivery>;

/** A run of the contact's wake-up that was refused, and sets everything aside step by step. */
function startSteppedDelivery(store: Store, contact: ContactRef) {
  const update = sampleUpdate(contact, { phone: "+60123456789" });
  const begun = gate();
  const [keeping, settling, ending] = [steps(), steps(), steps()];
  const worker = store.startWorker(
    async (job) => {
      begun.open();
      await keeping.may();
      const parked = [{ reason: "refused", at: 1, attempts: 1, updates: [update] }];
      await job.updateData({ contact, parked });
      keeping.did();
      await settling.may();
      const settled = await store.mailbox.settle(contact, {
        done: [update.id],
        sent: [update.id],
        applied: {},
      });
      settling.did();
      await ending.may();
      if (settled) throw new UnrecoverableError("refused");
    },
    { concurrency: 1 },
  );
  return {
    async begun() {
      await store.mailbox.post([update]);
      await store.wake(contact);
      await begun.passed;
    },
    keep: keeping.take,
    settle: settling.take,
    async end() {
      ending.open();
      await until(async () => (await store.counts()).contacts.active === 0, 20_000, "the run to end");
    },
    close: () => worker.close(),
  };
}

/** A step that the test asks for and that is then waited for. */
function steps() {
  const [asked, done] = [gate(), gate()];
  return {
    may: () => asked.passed,
    did: done.open,
    open: asked.open,
    async take() {
      asked.open();
      await done.passed;
    },
  };
}
