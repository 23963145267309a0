import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate } from "../../src/contact/event.ts";
import { rankOf, priorityOf } from "../../src/contact/priority.ts";
import type { Applied, FieldOrigin } from "../../src/contact/merge.ts";
import { compareStamps } from "../../src/contact/stamp.ts";
import type { DeliveryNote, Mailbox } from "../../src/store/store.ts";

interface Box {
  readonly waiting: Map<string, { update: ContactUpdate; postedAt: number }>;
  readonly applied: Map<string, FieldOrigin>;
  readonly history: DeliveryNote[];
  readonly events: Set<string>;
}

/** The mailbox port in a few lines of memory: for delivery tests and the simulation, not for the product. */
export function createMemoryMailbox(clock: () => number): Mailbox {
  const boxes = new Map<ContactRef, Box>();
  const boxOf = (contact: ContactRef): Box => {
    const box = boxes.get(contact) ?? {
      waiting: new Map(),
      applied: new Map(),
      history: [],
      events: new Set(),
    };
    boxes.set(contact, box);
    return box;
  };
  return {
    async post(updates) {
      for (const update of updates) {
        const box = boxOf(update.contact);
        if (!box.waiting.has(update.id)) box.waiting.set(update.id, { update, postedAt: clock() });
        box.events.add(update.eventId);
      }
    },
    async read(contact) {
      const box = boxOf(contact);
      return {
        waiting: [...box.waiting.values()].map((entry) => entry.update),
        applied: Object.fromEntries(box.applied) as Applied,
        history: [...box.history],
      };
    },
    async settle(contact, { done, applied, note, sent }) {
      const box = boxOf(contact);
      if (sent && !sent.some((id) => box.waiting.has(id))) return false;
      for (const id of done) box.waiting.delete(id);
      for (const [field, origin] of Object.entries(applied)) {
        const kept = box.applied.get(field);
        if (origin && (!kept || compareStamps(kept.stamp, origin.stamp) < 0)) box.applied.set(field, origin);
      }
      if (note) box.history.push(note);
      return true;
    },
    async remember() {},
    async eventIds(contact) {
      return [...boxOf(contact).events];
    },
    async overdue(postedBefore, limit) {
      return [...boxes]
        .filter(([, box]) => [...box.waiting.values()].some((entry) => entry.postedAt < postedBefore))
        .map(([contact]) => contact)
        .slice(0, limit);
    },
    async priorities(contacts) {
      return new Map(
        contacts.flatMap((contact) => {
          const ranks = [...boxOf(contact).waiting.values()].map(({ update }) => rankOf(update.priority));
          const highest = Math.min(...ranks);
          return ranks.length === 0 || highest === 0 ? [] : [[contact, priorityOf(highest)]];
        }),
      );
    },
    async erase(contact) {
      const ids = [...boxOf(contact).events];
      boxes.delete(contact);
      return ids;
    },
  };
}
