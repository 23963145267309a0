import { beforeAll, describe, expect, it } from "vitest";
import type { DeliveryNote, Store } from "../../src/store/store.ts";
import { historyMax } from "../../src/store/retention.ts";
import { until } from "../helpers/relay-process.ts";
import { sampleContact, sampleEvent, sampleNote, sampleUpdate } from "../helpers/store-samples.ts";
import type { Suite } from "./suite.ts";

/** What every engine promises: the history of a contact. */
export function historyContract(suite: Suite): void {
  describe("the history of a contact", () => {
    const { withStore } = suite;
    let store: Store;
    beforeAll(() => {
      store = suite.store();
    });

    const everything = (): DeliveryNote => ({
      at: Date.now(),
      outcome: "invalid",
      durationMs: 31,
      status: 400,
      message: "custom field \0 \ud800 Größe is no number",
      fields: [
        { field: "email", eventId: "evt_a" },
        { field: "custom_fields.Größe", eventId: "evt_b" },
        { field: "custom_fields.a.b\0", eventId: "evt_b" },
      ],
      superseded: ["evt_c", "evt_d"],
      parked: "invalid",
      parkedId: "dlv_12.0",
    });

    it("a line comes back as it was written, whatever the API said and the fields are named", async () => {
      const contact = sampleContact();
      const whole = everything();
      const lines = [
        whole,
        sampleNote({ at: whole.at + 1, outcome: "failed", status: "timeout", fields: [] }),
      ];
      await store.mailbox.settle(contact, { done: [], applied: {}, notes: lines });
      const { history } = await store.mailbox.read(contact);
      expect(history).toEqual([{ ...whole, message: history[0]?.message }, lines[1]]);
      expect(history[0]?.message).toContain("Größe is no number");
      expect((await store.mailbox.read(contact, false)).history).toEqual([]);
    });

    it("the last fifty lines are kept, newest last, and a settlement without one keeps them", async () => {
      const contact = sampleContact();
      const first = Date.now();
      const lines = Array.from({ length: historyMax + 13 }, (_, n) => sampleNote({ at: first + n }));
      for (const note of lines) await store.mailbox.settle(contact, { done: [], applied: {}, notes: [note] });
      await store.mailbox.settle(contact, { done: [], applied: {} });
      expect((await store.mailbox.read(contact)).history).toEqual(lines.slice(-historyMax));
      const many = Array.from({ length: historyMax + 5 }, (_, n) => sampleNote({ at: first + 1_000 + n }));
      await store.mailbox.settle(contact, { done: [], applied: {}, notes: many });
      expect((await store.mailbox.read(contact)).history).toEqual(many.slice(-historyMax));
    });

    it("a long answer of the API is shortened", async () => {
      const contact = sampleContact();
      const notes = [sampleNote({ message: "x".repeat(100_000) })];
      await store.mailbox.settle(contact, { done: [], applied: {}, notes });
      expect((await store.mailbox.read(contact)).history[0]?.message).toHaveLength(500);
    });

    it("a line goes with its age, as events do, while what was applied stays", async () => {
      await withStore({ retentionMs: 1_000 }, async ({ store: brief }) => {
        const contact = sampleContact();
        const update = sampleUpdate(contact);
        const applied = { firstName: { stamp: update.stamp, eventId: update.eventId } };
        const old = sampleNote({ at: Date.now() - 600 });
        await brief.mailbox.settle(contact, { done: [], applied, notes: [old] });
        expect((await brief.mailbox.read(contact)).history).toEqual([old]);
        await until(
          async () => (await brief.mailbox.read(contact)).history.length === 0,
          5_000,
          "the line to go",
        );
        const late = sampleNote({ at: Date.now() });
        await brief.mailbox.settle(contact, { done: [], applied: {}, notes: [late] });
        const state = await brief.mailbox.read(contact);
        expect({ ...state.applied }).toEqual(applied);
        expect(state.history).toEqual([late]);
      });
    });

    it("nothing is written for a contact that was erased while its request was out", async () => {
      const contact = sampleContact();
      const update = sampleUpdate(contact);
      await store.mailbox.post([update]);
      await store.mailbox.settle(contact, {
        done: [],
        applied: {},
        notes: [sampleNote({ outcome: "busy", status: 449 })],
        sent: [update.id],
      });
      expect((await store.mailbox.read(contact)).history).toHaveLength(1);
      await store.mailbox.erase(contact);
      const late = { done: [update.id], applied: {}, notes: [sampleNote()], sent: [update.id] };
      expect(await store.mailbox.settle(contact, late)).toBe(false);
      expect(await store.mailbox.read(contact)).toEqual({ waiting: [], applied: {}, history: [] });
    });

    it("erasing a contact takes its history, and nobody else's", async () => {
      const [contact, other] = [sampleContact(), sampleContact()];
      const line = sampleNote();
      for (const ref of [contact, other]) {
        await store.mailbox.settle(ref, { done: [], applied: {}, notes: [line] });
      }
      await store.erase(contact);
      expect((await store.mailbox.read(contact)).history).toEqual([]);
      expect((await store.mailbox.read(other)).history).toEqual([line]);
    });

    it("a request that failed is told while its updates go on waiting as before", async () => {
      const contact = sampleContact();
      const [update, late] = [sampleUpdate(contact), sampleUpdate(contact)];
      await store.mailbox.post([update, late]);
      const line = sampleNote({ outcome: "busy", status: 449 });
      const told = { done: [], applied: {}, notes: [line], sent: [update.id] };
      expect(await store.mailbox.settle(contact, told)).toBe(true);
      const { waiting, history } = await store.mailbox.read(contact);
      expect(waiting.map(({ id }) => id).toSorted()).toEqual([update.id, late.id].toSorted());
      expect(history).toEqual([line]);
      expect(await store.mailbox.overdue(Date.now() + 1_000, 100_000)).toContain(contact);
    });

    it("an archive carries it, but for where a parked piece was found", async () => {
      await withStore({}, async ({ store: source }) => {
        await withStore({}, async ({ store: target }) => {
          const contact = sampleContact();
          const whole = everything();
          await source.mailbox.post([sampleUpdate(contact)]);
          await source.mailbox.settle(contact, { done: [], applied: {}, notes: [whole] });
          for await (const record of source.archive.export()) await target.archive.import([record]);
          const { parkedId: _, ...carried } = whole;
          const { history } = await target.mailbox.read(contact);
          expect(history).toEqual([{ ...carried, message: history[0]?.message }]);
        });
      });
    });

    it("an event tells when it was stored", async () => {
      const event = sampleEvent({ receivedAt: Date.now() - 5_000 });
      const before = Date.now();
      await store.events.accept([event]);
      const record = await store.events.find(event.id);
      expect(Math.abs((record?.acceptedAt ?? 0) - before)).toBeLessThan(2_000);
    });
  });
}
