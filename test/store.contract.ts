import { DelayedError, UnrecoverableError } from "bullmq";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContactPatch } from "../src/contact/contact-patch.ts";
import type { ContactRef } from "../src/contact/contact-ref.ts";
import type { RelayEvent } from "../src/contact/event.ts";
import type { EventResult, Store, StoreOptions, WakeJobData } from "../src/store/store.ts";
import { until } from "./helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, stampAt, unique } from "./helpers/store-samples.ts";

export interface OpenedForTest {
  readonly store: Store;
  /** Closes the store and opens it again on the same data. */
  reopen?(): Promise<Store>;
  dispose(): Promise<void>;
}

export type OpenForTest = (overrides?: Partial<StoreOptions>) => Promise<OpenedForTest>;

/** What every engine promises through the store port. */
export function storeContract(name: string, open: OpenForTest): void {
  describe(`the store contract: ${name}`, () => {
    let opened: OpenedForTest;
    let store: Store;
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(async () => {
      await opened?.dispose();
    });

    /** Runs `work` on a store of its own. */
    async function withStore(
      overrides: Partial<StoreOptions>,
      work: (opened: OpenedForTest) => Promise<void>,
    ) {
      const own = await open(overrides);
      try {
        await work(own);
      } finally {
        await own.dispose();
      }
    }

    async function withEventWorker<Result>(
      of: Store,
      process: (event: RelayEvent) => Promise<EventResult>,
      work: () => Promise<Result>,
    ): Promise<Result> {
      const worker = of.startWorker<RelayEvent, EventResult>("events", (job) => process(job.data), {
        concurrency: 2,
      });
      try {
        return await work();
      } finally {
        await worker.close();
      }
    }

    const stateOf = async (of: Store, id: string) => (await of.events.find(id))?.state;
    const ignored: EventResult = { outcome: "ignored", reason: "no-identifier", warnings: [] };

    describe("accepting events", () => {
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
        expect(await store.events.find(event.id)).toEqual({ event, state: "waiting", attempts: 0 });
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

    describe("hostile text", () => {
      const hostile = [
        ["a NUL as an escape", String.raw`{"firstName":"a\u0000b\\u0000"}`],
        ["half a surrogate pair as an escape", String.raw`{"firstName":"\ud800","x":"\udc00\ud800"}`],
        ["quotes, SQL and Lua", `{"a":"'; DROP TABLE job; --","b":"]] return 1 [[","c":"\\"$1 %s {{x}}"}`],
        ["emoji and direction marks", `{"n":"👩‍👩‍👧‍👦 \u202e ￿ é"}`],
        ["__proto__", `{"__proto__":{"admin":true},"constructor":{"prototype":1}}`],
        ["numbers no double holds", `{"id":12345678901234567890,"x":1e999,"y":0.10,"z":-0}`],
        ["white space and repeated keys", ` { "a" : 1 ,\n "a":2 } `],
      ] as const;

      it.each(hostile)("a payload comes back byte for byte: %s", async (_what, payload) => {
        const event = sampleEvent({ payload });
        expect(await store.events.accept([event])).toEqual([{ id: event.id, duplicate: false }]);
        expect((await store.events.find(event.id))?.event).toEqual(event);
      });

      it("a payload of a megabyte comes back byte for byte", async () => {
        const event = sampleEvent({ payload: JSON.stringify({ note: `${'aé👍\\"'.repeat(130_000)}` }) });
        expect(event.payload.length).toBeGreaterThan(1_000_000);
        await store.events.accept([event]);
        expect((await store.events.find(event.id))?.event.payload === event.payload).toBe(true);
      });

      it("text that an engine cannot keep is changed, but its event is never refused", async () => {
        const event = sampleEvent({ attributes: { subject: "a\0b\ud800c", "nul\0key": "x" } });
        expect(await store.events.accept([event])).toEqual([{ id: event.id, duplicate: false }]);
        expect((await store.events.find(event.id))?.event.attributes["subject"]).toMatch(/^a.b.c$/su);
      });

      it("a result or a failure with such text still ends its job", async () => {
        await withStore({}, async ({ store }) => {
          const [good, bad] = [sampleEvent(), sampleEvent()];
          await store.events.accept([good, bad]);
          const result: EventResult = { outcome: "ignored", reason: "a\0b\ud800c", warnings: [] };
          await withEventWorker(
            store,
            async (event) => {
              if (event.id === bad.id) throw new UnrecoverableError("bad \0 \ud800 text");
              return result;
            },
            async () => {
              await until(async () => (await stateOf(store, good.id)) === "completed", 10_000, "completion");
              await until(async () => (await stateOf(store, bad.id)) === "failed", 10_000, "failure");
            },
          );
          expect((await store.events.find(good.id))?.result).toMatchObject({ outcome: "ignored" });
          expect((await store.events.find(bad.id))?.failure).toMatch(/^bad . . text$/su);
        });
      });

      it("a job's data may be updated with such text", async () => {
        await withStore({}, async ({ store }) => {
          const contact = sampleContact();
          const seen: WakeJobData[] = [];
          await store.wake(contact);
          const worker = store.startWorker<WakeJobData, void>(
            "contacts",
            async (job) => {
              const update = sampleUpdate(contact, { firstName: "a\0b\ud800" });
              const parked = [
                { reason: "refused", message: "\0\ud800", at: 1, attempts: 1, updates: [update] },
              ];
              await job.updateData({ contact, parked });
              seen.push(job.data);
            },
            { concurrency: 1 },
          );
          try {
            await until(() => seen.length > 0, 5_000, "the update");
          } finally {
            await worker.close();
          }
          expect(seen).toHaveLength(1);
          expect(seen[0]?.parked).toHaveLength(1);
        });
      });

      const refs: ContactRef[] = ["email:o'br%ien:x@exämple.com", `phone:+60"12:%00\\`, "id:1"];
      it.each(refs)("a contact's reference is kept as it is: %s", async (ref) => {
        const contact: ContactRef = `${ref}${unique()}`;
        const update = sampleUpdate(contact);
        await store.mailbox.post([update]);
        expect((await store.mailbox.read(contact)).waiting).toEqual([update]);
        expect(await store.mailbox.overdue(Date.now() + 60_000, 10_000)).toContain(contact);
        expect(await store.mailbox.erase(contact)).toEqual([update.eventId]);
      });

      it("fields of any name and values of any text are kept", async () => {
        const contact = sampleContact();
        const patch: ContactPatch = {
          firstName: `\0 ' " \\ 👍 \ud800`,
          lastName: null,
          "custom_fields.__proto__": "polluted",
          "custom_fields.a'b\"c}{,%": 1.5,
          "custom_fields.": true,
          "custom_fields.Größe 👍": "x".repeat(100_000),
        };
        const update = sampleUpdate(contact, patch);
        await store.mailbox.post([update]);
        const { waiting } = await store.mailbox.read(contact);
        expect(waiting).toEqual([update]);
        expect(Object.keys(waiting[0]?.patch ?? {}).toSorted()).toEqual(Object.keys(patch).toSorted());

        const origin = { stamp: update.stamp, eventId: update.eventId };
        const applied = Object.fromEntries(Object.keys(patch).map((field) => [field, origin]));
        const hostileApplied = Object.assign(Object.create(null), applied, JSON.parse(`{"__proto__":null}`));
        Object.defineProperty(hostileApplied, "__proto__", { value: origin, enumerable: true });
        await store.mailbox.settle(contact, { done: [update.id], applied: hostileApplied });
        const after = await store.mailbox.read(contact);
        expect(after.waiting).toEqual([]);
        expect(Object.keys(after.applied).toSorted()).toEqual(
          [...Object.keys(patch), "__proto__"].toSorted(),
        );
        expect(after.applied["custom_fields.__proto__"]).toEqual(origin);
        expect(Object.hasOwn(Object.prototype, "stamp")).toBe(false);
      });
    });

    describe("the record of an event", () => {
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
        expect(await store.events.find(event.id)).toEqual({ event, state: "completed", attempts: 1, result });
        expect(await store.events.accept([sampleEvent({ identity: event.identity })])).toEqual([
          { id: event.id, duplicate: true },
        ]);
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
          failure: "the mapping is wrong",
        });
        expect(await store.events.accept([sampleEvent({ identity: event.identity })])).toMatchObject([
          { id: event.id, duplicate: true },
        ]);
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
              await until(
                async () => (await store.counts()).events.completed <= 5,
                5_000,
                "the oldest to go",
              );
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

    describe("mailboxes", () => {
      it("an update posted twice is kept once, as it was first", async () => {
        const contact = sampleContact();
        const update = sampleUpdate(contact);
        await store.mailbox.post([update, { ...update, patch: { firstName: "Eve" } }]);
        await store.mailbox.post([{ ...update, patch: { firstName: "Bob" } }]);
        expect((await store.mailbox.read(contact)).waiting).toEqual([update]);
        await store.mailbox.post([]);
      });

      it("one post may speak of several contacts; each reads its own", async () => {
        const [a, b] = [sampleContact(), sampleContact()];
        const updates = [sampleUpdate(a), sampleUpdate(b), sampleUpdate(a)];
        await store.mailbox.post(updates);
        const ids = async (contact: ContactRef) =>
          (await store.mailbox.read(contact)).waiting.map((update) => update.id).toSorted();
        expect(await ids(a)).toEqual([updates[0]?.id, updates[2]?.id].toSorted());
        expect(await ids(b)).toEqual([updates[1]?.id]);
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

      it("the history keeps the last twenty notes, newest last", async () => {
        const contact = sampleContact();
        for (let at = 1; at <= 23; at += 1) {
          const note = { at, outcome: "delivered", status: 200, fields: ["email"], eventIds: [`evt_${at}`] };
          await store.mailbox.settle(contact, { done: [], applied: {}, note });
        }
        await store.mailbox.settle(contact, { done: [], applied: {} });
        const { history } = await store.mailbox.read(contact);
        expect(history.map((note) => note.at)).toEqual(Array.from({ length: 20 }, (_, n) => n + 4));
        expect(history.at(-1)).toEqual({
          at: 23,
          outcome: "delivered",
          status: 200,
          fields: ["email"],
          eventIds: ["evt_23"],
        });
      });

      it("what was applied is forgotten four retentions after the last settlement; updates are not", async () => {
        await withStore({ retentionMs: 300 }, async ({ store }) => {
          const contact = sampleContact();
          const [done, kept] = [sampleUpdate(contact), sampleUpdate(contact)];
          await store.mailbox.post([done, kept]);
          const origin = { stamp: done.stamp, eventId: done.eventId };
          const note = { at: 1, outcome: "delivered", fields: ["firstName"], eventIds: [done.eventId] };
          await store.mailbox.settle(contact, { done: [done.id], applied: { firstName: origin }, note });
          expect((await store.mailbox.read(contact)).applied).toEqual({ firstName: origin });
          await until(
            async () => Object.keys((await store.mailbox.read(contact)).applied).length === 0,
            5_000,
            "the stamps to expire",
          );
          expect(await store.mailbox.overdue(Date.now() + 1_000, 10)).toEqual([contact]);
          expect(await store.mailbox.read(contact)).toEqual({ waiting: [kept], applied: {}, history: [] });
          await store.mailbox.settle(contact, { done: [kept.id], applied: { lastName: origin } });
          expect((await store.mailbox.read(contact)).applied).toEqual({ lastName: origin });
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
          expect(await store.mailbox.overdue(after, 1)).toHaveLength(1);
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

    describe("waking contacts", () => {
      it("however often a contact is woken, it runs one at a time, and once more after the last wake", async () => {
        await withStore({}, async ({ store }) => {
          const contacts = Array.from({ length: 4 }, sampleContact);
          const running = new Map<ContactRef, number>();
          const started = new Map<ContactRef, number>();
          let most = 0;
          let runs = 0;
          const worker = store.startWorker<WakeJobData, void>(
            "contacts",
            async ({ data: { contact } }) => {
              const now = (running.get(contact) ?? 0) + 1;
              running.set(contact, now);
              started.set(contact, performance.now());
              most = Math.max(most, now);
              runs += 1;
              await new Promise((resolve) => setTimeout(resolve, 5));
              running.set(contact, now - 1);
            },
            { concurrency: 16 },
          );
          const lastWake = new Map<ContactRef, number>();
          try {
            await Promise.all(
              Array.from({ length: 64 }, async (_, n) => {
                const contact = contacts[n % contacts.length] ?? sampleContact();
                for (let turn = 0; turn < 3; turn += 1) {
                  lastWake.set(contact, performance.now());
                  await store.wake(contact);
                }
              }),
            );
            await until(
              async () => {
                const { waiting, active, delayed } = (await store.counts()).contacts;
                return waiting + active + delayed === 0;
              },
              20_000,
              "all runs to end",
            );
          } finally {
            await worker.close();
          }
          expect(most).toBe(1);
          expect(runs).toBeGreaterThanOrEqual(contacts.length);
          expect(runs).toBeLessThan(192);
          for (const contact of contacts) {
            expect(started.get(contact)).toBeGreaterThan(lastWake.get(contact) ?? Infinity);
          }
        });
      });

      it("waking while it waits changes nothing; waking while it runs gives exactly one more run", async () => {
        await withStore({}, async ({ store }) => {
          const contact = sampleContact();
          await Promise.all(Array.from({ length: 64 }, () => store.wake(contact)));
          expect((await store.counts()).contacts).toMatchObject({ waiting: 1, active: 0, delayed: 0 });
          const { entered, letGo, worker, runs } = gatedWorker(store);
          try {
            await entered(1);
            await Promise.all(Array.from({ length: 64 }, () => store.wake(contact)));
            expect(runs()).toBe(1);
            letGo();
            await entered(2);
            letGo();
            await until(async () => isIdle(await store.counts()), 10_000, "the queue to be empty");
          } finally {
            letGo();
            await worker.close();
          }
          expect(runs()).toBe(2);
        });
      });

      it("wakes of a contact that was put off join it, and it runs once when its time has come", async () => {
        await withStore({}, async ({ store }) => {
          const contact = sampleContact();
          let runs = 0;
          await store.wake(contact);
          const worker = store.startWorker<WakeJobData, void>(
            "contacts",
            async (job, token) => {
              runs += 1;
              if (runs > 1) {
                expect(job.data).toEqual({ contact, busy: 1 });
                return;
              }
              await job.updateData({ contact, busy: 1 });
              await job.moveToDelayed(Date.now() + 1_500, token);
              throw new DelayedError();
            },
            { concurrency: 4 },
          );
          try {
            await until(async () => (await store.counts()).contacts.delayed === 1, 10_000, "the delay");
            await Promise.all(Array.from({ length: 64 }, () => store.wake(contact)));
            expect((await store.counts()).contacts).toMatchObject({ waiting: 0, active: 0, delayed: 1 });
            expect(runs).toBe(1);
            await until(async () => isIdle(await store.counts()), 15_000, "the run after the delay");
          } finally {
            await worker.close();
          }
          expect(runs).toBe(2);
        });
      });

      it("a contact whose job failed for good keeps what it parked and can be woken again", async () => {
        await withStore({}, async ({ store }) => {
          const contact = sampleContact();
          let runs = 0;
          await store.wake(contact);
          const worker = store.startWorker<WakeJobData, void>(
            "contacts",
            async () => {
              runs += 1;
              if (runs === 1) throw new UnrecoverableError("refused");
            },
            { concurrency: 1 },
          );
          try {
            await until(async () => (await store.counts()).contacts.failed === 1, 10_000, "the failure");
            await store.wake(contact);
            await until(() => runs === 2, 10_000, "the second run");
            await until(async () => isIdle(await store.counts()), 10_000, "the end");
          } finally {
            await worker.close();
          }
          expect((await store.counts()).contacts).toMatchObject({ failed: 1, completed: 0 });
        });
      });
    });

    describe("the pace", () => {
      it("takers at the same moment share one rate: at most rate + 1 in a second, and 95 % of it used", async () => {
        await withStore({ ceiling: 40 }, async ({ store }) => {
          const startedAt = performance.now();
          const due: number[] = [];
          await Promise.all(
            Array.from({ length: 4 }, async () => {
              for (let n = 0; n < 25; n += 1) {
                const askedAt = performance.now();
                const slot = await store.pacer.take();
                expect(slot.kind).toBe("slot");
                due.push(Math.max(askedAt + slot.waitMs, performance.now()));
              }
            }),
          );
          expect(due).toHaveLength(100);
          const span = Math.max(...due) - startedAt;
          expect(span).toBeGreaterThan((98 / 40) * 1_000 - 100);
          expect(span).toBeLessThan(((100 / 40) * 1_000) / 0.95 + 500);
          expect(await store.pacer.state()).toEqual({ rate: 40, ceiling: 40, pausedForMs: 0 });
        });
      });

      it("a pause holds every taker; a shorter one does not cut it, and only its own reason ends it", async () => {
        await withStore({}, async ({ store: { pacer } }) => {
          await pacer.pause(60_000, "unauthorized");
          await pacer.pause(50, "failing");
          const slot = await pacer.take();
          expect(slot).toMatchObject({ kind: "paused", reason: "unauthorized" });
          expect(slot.waitMs).toBeGreaterThan(55_000);
          expect(await pacer.state()).toMatchObject({ reason: "unauthorized" });
          await pacer.resume("failing");
          expect(await pacer.take()).toMatchObject({ kind: "paused" });
          await pacer.resume("unauthorized");
          expect(await pacer.take()).toMatchObject({ kind: "slot" });
        });
      });

      it("when a circuit's pause has run out, of many takers exactly one gets the probe", async () => {
        await withStore({}, async ({ store: { pacer } }) => {
          await pacer.pause(1_000, "failing");
          await until(async () => (await pacer.state()).pausedForMs === 0, 5_000, "the pause to run out");
          const slots = await Promise.all(Array.from({ length: 20 }, () => pacer.take()));
          expect(slots.filter((slot) => slot.kind === "slot")).toEqual([
            expect.objectContaining({ probe: "failing" }),
          ]);
        });
      });

      it("a `limited` pause ends by itself and leaves a lower rate", async () => {
        await withStore({ ceiling: 100 }, async ({ store: { pacer } }) => {
          await pacer.pause(300, "limited");
          expect(await pacer.take()).toMatchObject({ kind: "paused", reason: "limited" });
          await until(async () => (await pacer.take()).kind === "slot", 5_000, "the end of the pause");
          const state = await pacer.state();
          expect(state).toMatchObject({ pausedForMs: 0, ceiling: 100 });
          expect(state.rate).toBeLessThan(100);
        });
      });
    });

    describe("the store as a whole", () => {
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
            expect(await two.pacer.take()).toMatchObject({ kind: "slot" });
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
          expect(await after.pacer.take()).toMatchObject({ kind: "paused", reason: "unauthorized" });
          expect(await after.events.accept([sampleEvent({ identity: event.identity })])).toEqual([
            { id: event.id, duplicate: true },
          ]);
        });
      });
    });
  });
}

function isIdle(counts: Awaited<ReturnType<Store["counts"]>>, queue: "events" | "contacts" = "contacts") {
  const { waiting, active, delayed } = counts[queue];
  return waiting + active + delayed === 0;
}

/** A worker on `contacts` whose runs stay inside until they are let go. */
function gatedWorker(store: Store) {
  let runs = 0;
  let letGo = () => undefined as void;
  const worker = store.startWorker<WakeJobData, void>(
    "contacts",
    async () => {
      runs += 1;
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
    },
    { concurrency: 4 },
  );
  return {
    worker,
    runs: () => runs,
    letGo: () => letGo(),
    entered: (count: number) => until(() => runs >= count, 10_000, `run ${count}`),
  };
}
