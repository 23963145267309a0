import { beforeAll, describe, expect, it } from "vitest";
import type { FieldName } from "../../src/contact/contact-patch.ts";
import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { Applied, FieldOrigin } from "../../src/contact/merge.ts";
import { makeStamp } from "../../src/contact/stamp.ts";
import { referencesMax } from "../../src/store/person.ts";
import type { Mailbox, Settled, Store } from "../../src/store/store.ts";
import { createMemoryMailbox } from "../helpers/memory-mailbox.ts";
import { sampleContact, sampleUpdate } from "../helpers/store-samples.ts";
import { seededRandom } from "../simulation/virtual-time.ts";
import type { Suite } from "./suite.ts";

const holdMs = 60_000;
let ids = 4_000_000_000;
/** Ids of the API that no other test has. */
const anId = () => (ids += 1);
const at = (time: number, eventId = `evt_${time}`): FieldOrigin => ({
  stamp: makeStamp({ occurredAt: time * 1_000, receivedAt: 1, id: eventId, replay: 0 }),
  eventId,
});

/** What every engine promises: several references of one person. */
export function personsContract(suite: Suite): void {
  describe("references that the API takes for one contact", () => {
    let store: Store;
    let mailbox: Mailbox;
    beforeAll(() => {
      store = suite.store();
      ({ mailbox } = store);
    });
    const answered = async (
      contact: ContactRef,
      contactId: number,
      applied: Applied,
      more: {
        also?: ContactRef[];
        overtaken?: { contact: ContactRef; field: FieldName; origin: FieldOrigin }[];
      } = {},
    ): Promise<Settled> =>
      await mailbox.settle(contact, {
        done: [],
        applied,
        person: { contactId, isHeld: true, holdMs, ...more },
      });

    it("share what was applied: the newest of each field counts for all of them", async () => {
      const [mail, phone, other] = [sampleContact(), sampleContact(), sampleContact()];
      const id = anId();
      await answered(mail, id, { firstName: at(1), email: at(5) });
      await answered(phone, id, { firstName: at(2), phone: at(3) });
      await answered(other, anId(), { firstName: at(9) });
      const all = { firstName: at(2), email: at(5), phone: at(3) };
      expect(await mailbox.read(mail)).toMatchObject({ applied: all, contactId: id, linked: [phone] });
      expect(await mailbox.read(phone)).toMatchObject({ applied: all, contactId: id, linked: [mail] });
      expect((await mailbox.read(other)).linked).toBeUndefined();
    });

    it("never have two requests on the wire: one that is held keeps the others from it until it is settled or let go", async () => {
      const [mail, phone] = [sampleContact(), sampleContact()];
      const id = anId();
      await answered(mail, id, {});
      await answered(phone, id, {});
      expect(await mailbox.hold(mail, holdMs)).toBeUndefined();
      expect(await mailbox.hold(mail, holdMs)).toBeUndefined();
      expect(await mailbox.hold(phone, holdMs)).toBeGreaterThan(Date.now());
      await answered(mail, id, { firstName: at(1) });
      expect(await mailbox.hold(phone, holdMs)).toBeUndefined();
      await mailbox.release(phone);
      expect(await mailbox.hold(mail, 1)).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await mailbox.hold(phone, holdMs), "a hold ends by itself").toBeUndefined();
      expect(await mailbox.hold(sampleContact(), holdMs), "nobody's").toBeUndefined();
    });

    it("one that joins waits for what the others may have on the wire", async () => {
      const [mail, phone] = [sampleContact(), sampleContact()];
      const id = anId();
      await answered(mail, id, {});
      await mailbox.post([sampleUpdate(mail)]);
      await answered(phone, id, {});
      expect(await mailbox.hold(phone, holdMs)).toBeGreaterThan(Date.now());
      await answered(mail, id, {});
      expect(await mailbox.hold(phone, holdMs)).toBeUndefined();
    });

    it("several that may have something on the wire do not wait for one another: whoever asks has nothing there", async () => {
      const [mail, phone, card] = [sampleContact(), sampleContact(), sampleContact()];
      const id = anId();
      for (const one of [mail, phone]) {
        await answered(one, id, {});
        await mailbox.post([sampleUpdate(one)]);
      }
      await answered(card, id, {});
      expect(await mailbox.hold(mail, holdMs)).toBeGreaterThan(Date.now());
      expect(await mailbox.hold(phone, holdMs)).toBeUndefined();
    });

    it("a request that overwrote something newer is not settled before that is given up", async () => {
      const [mail, phone] = [sampleContact(), sampleContact()];
      const id = anId();
      const update = sampleUpdate(phone);
      await mailbox.post([update]);
      await answered(mail, id, { firstName: at(9, "evt_nine"), lastName: at(1) });
      const sent = { firstName: at(5), lastName: at(2) };
      const overtaken = [{ contact: mail, field: "firstName" as const, origin: at(9, "evt_nine") }];
      const settlement = { done: [update.id], sent: [update.id], applied: sent };
      const person = { contactId: id, isHeld: true, holdMs };
      expect(await mailbox.settle(phone, { ...settlement, person })).toEqual({ overtaken });
      expect((await mailbox.read(phone)).waiting).toHaveLength(1);
      expect((await mailbox.read(phone)).linked).toBeUndefined();
      expect(await mailbox.settle(phone, { ...settlement, person: { ...person, overtaken } })).toBe(true);
      expect(await mailbox.read(mail)).toMatchObject({ applied: sent, linked: [phone] });
      expect((await mailbox.read(phone)).waiting).toEqual([]);
    });

    it("a request that may have met another's sends its newest value once more, before it counts as applied", async () => {
      const [mail, phone] = [sampleContact(), sampleContact()];
      const id = anId();
      await answered(mail, id, { firstName: at(5), language: at(1) });
      const sent = { firstName: at(9), lastName: at(2) };
      const settlement = { done: [], applied: sent };
      const person = { contactId: id, isHeld: false, holdMs };
      const overtaken = [{ contact: phone, field: "firstName" as const, origin: at(9) }];
      expect(await mailbox.settle(phone, { ...settlement, person })).toEqual({ overtaken });
      expect(await mailbox.settle(phone, { ...settlement, person: { ...person, overtaken } })).toBe(true);
      const { applied } = await mailbox.read(phone);
      expect(applied).toEqual({ firstName: at(5), language: at(1), lastName: at(2) });
      expect(await answered(phone, id, { firstName: at(9) })).toBe(true);
      expect((await mailbox.read(mail)).applied).toMatchObject({ firstName: at(9) });
    });

    it("and not where the other was settled long before, or was kept from the API meanwhile", async () => {
      const [mail, phone, card] = [sampleContact(), sampleContact(), sampleContact()];
      const id = anId();
      await answered(mail, id, { firstName: at(5) });
      expect(await answered(phone, id, { firstName: at(6) })).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const person = { contactId: id, isHeld: false, holdMs: 1 };
      expect(await mailbox.settle(card, { done: [], applied: { firstName: at(9) }, person })).toBe(true);
    });

    it("one that the API takes for somebody else leaves, and both sides keep their stamps", async () => {
      const [mail, phone, card] = [sampleContact(), sampleContact(), sampleContact()];
      const [id, next] = [anId(), anId()];
      await answered(mail, id, { firstName: at(1) });
      await answered(phone, id, { lastName: at(2) });
      await answered(card, id, { language: at(3) });
      await answered(phone, next, { email: at(4) });
      const before = { firstName: at(1), lastName: at(2), language: at(3) };
      expect((await mailbox.read(phone)).applied).toEqual({ ...before, email: at(4) });
      expect((await mailbox.read(phone)).linked).toBeUndefined();
      expect((await mailbox.read(mail)).applied).toEqual(before);
      expect((await mailbox.read(mail)).linked).toEqual([card]);
    });

    it("join with one answer where the request has shown it", async () => {
      const [mail, phone] = [sampleContact(), sampleContact()];
      const id = anId();
      await answered(mail, anId(), { firstName: at(1) });
      await answered(phone, id, { lastName: at(2) }, { also: [mail] });
      expect(await mailbox.read(mail)).toMatchObject({
        contactId: id,
        linked: [phone],
        applied: { firstName: at(1), lastName: at(2) },
      });
    });

    it("are so many at most", async () => {
      const id = anId();
      const all = Array.from({ length: referencesMax + 2 }, sampleContact);
      for (const one of all) await answered(one, id, { firstName: at(1) });
      const [first, last] = [all[0] ?? sampleContact(), all.at(-1) ?? sampleContact()];
      expect((await mailbox.read(first)).linked).toHaveLength(referencesMax - 1);
      expect((await mailbox.read(last)).linked).toBeUndefined();
      const person = { contactId: id, isHeld: false, holdMs };
      const settled = await mailbox.settle(last, { done: [], applied: { firstName: at(9) }, person });
      expect(settled, "nobody is looked at for one that finds no room").toBe(true);
    });

    it("and are erased leave the others, which keep what they have applied themselves", async () => {
      const [mail, phone] = [sampleContact(), sampleContact()];
      const id = anId();
      await answered(mail, id, { firstName: at(1) });
      await answered(phone, id, { lastName: at(2) });
      await store.erase(mail);
      expect(await mailbox.read(phone)).toMatchObject({ applied: { lastName: at(2) }, contactId: id });
      expect((await mailbox.read(phone)).linked).toBeUndefined();
      expect(await mailbox.read(mail)).toEqual({ waiting: [], applied: {}, history: [] });
      await answered(mail, id, { firstName: at(3) });
      expect((await mailbox.read(mail)).linked).toEqual([phone]);
    });

    it("settled at the same moment know of one another, or one of them is told what it overwrote", async () => {
      for (let round = 0; round < 10; round += 1) {
        const refs = Array.from({ length: 4 }, sampleContact);
        const id = anId();
        const settled = await Promise.all(refs.map((ref, n) => answered(ref, id, { firstName: at(n + 1) })));
        const joined = refs.filter((_, n) => settled[n] === true);
        const first = joined[0] ?? sampleContact();
        expect((await mailbox.read(first)).linked ?? []).toHaveLength(joined.length - 1);
        const told = settled.flatMap((one) => (typeof one === "object" ? one.overtaken : []));
        for (const { origin } of told) expect(Object.keys(origin)).toContain("stamp");
        expect(joined.length).toBeGreaterThan(0);
      }
    });

    it("are after any history what the plain rule says", { timeout: 120_000 }, async () => {
      const random = seededRandom(20_261_130);
      const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
      const fields = ["firstName", "lastName", "language"] as const;
      for (let history = 0; history < 8; history += 1) {
        const model = createMemoryMailbox(() => 0);
        const refs = Array.from({ length: 4 }, sampleContact);
        const people = Array.from({ length: 3 }, anId);
        for (let step = 0; step < 25; step += 1) {
          const contact = pick(refs);
          const applied = Object.fromEntries(
            fields.filter(() => random() < 0.5).map((field) => [field, at(Math.ceil(random() * 30))]),
          ) as Applied;
          const person = {
            contactId: pick(people),
            isHeld: random() < 0.5,
            holdMs,
            ...(random() < 0.2 ? { also: [pick(refs.filter((ref) => ref !== contact))] } : {}),
          };
          const settlement = { done: [], applied };
          const expected = await model.settle(contact, { ...settlement, person });
          const actual = await mailbox.settle(contact, { ...settlement, person });
          expect(sorted(actual)).toEqual(sorted(expected));
          if (typeof expected === "object") {
            const resolved = { ...person, overtaken: expected.overtaken };
            expect(await model.settle(contact, { ...settlement, person: resolved })).toBe(true);
            expect(await mailbox.settle(contact, { ...settlement, person: resolved })).toBe(true);
          }
        }
        for (const ref of refs) {
          const [expected, actual] = [await model.read(ref), await mailbox.read(ref)];
          expect(actual.applied).toEqual(expected.applied);
          expect(actual.contactId).toBe(expected.contactId);
          expect(actual.linked?.toSorted()).toEqual(expected.linked?.toSorted());
        }
      }
    });
  });
}

function sorted(settled: Settled): unknown {
  if (typeof settled === "boolean") return settled;
  return settled.overtaken.map((one) => JSON.stringify(one)).toSorted();
}
