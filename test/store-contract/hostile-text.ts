import { UnrecoverableError } from "bullmq";
import { beforeAll, describe, expect, it } from "vitest";
import type { ContactPatch } from "../../src/contact/contact-patch.ts";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { EventResult } from "../../src/store/event-log.ts";
import type { Store, WakeJobData } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleUpdate, unique } from "../helpers/store-samples.ts";
import { stateOf, type Suite, withEventWorker } from "./suite.ts";

/** What every engine promises: hostile text. */
export function hostileTextContract(suite: Suite): void {
  describe("hostile text", () => {
    const { withStore } = suite;
    let store: Store;
    beforeAll(() => {
      store = suite.store();
    });

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
      const event = sampleEvent({ payload: JSON.stringify({ note: 'aé👍\\"'.repeat(130_000) }) });
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
        const worker = store.startWorker(
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
      expect(Object.keys(after.applied).toSorted()).toEqual([...Object.keys(patch), "__proto__"].toSorted());
      expect(after.applied["custom_fields.__proto__"]).toEqual(origin);
      expect(Object.hasOwn(Object.prototype, "stamp")).toBe(false);
    });
  });
}
