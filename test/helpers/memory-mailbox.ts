import type { ContactRef } from "../../src/contact/contact-ref.ts";
import type { ContactUpdate } from "../../src/contact/event.ts";
import { rankOf, priorityOf } from "../../src/contact/priority.ts";
import type { Applied, FieldOrigin } from "../../src/contact/merge.ts";
import { compareStamps } from "../../src/contact/stamp.ts";
import { keptBy, newestOf, overtakenBy, recentMs, writtenBy } from "../../src/store/person.ts";
import type { DeliveryNote, Mailbox } from "../../src/store/store.ts";

interface Box {
  readonly waiting: Map<string, { update: ContactUpdate; postedAt: number }>;
  readonly applied: Map<string, FieldOrigin>;
  readonly history: DeliveryNote[];
  readonly events: Set<string>;
  contactId?: number;
  heldUntil: number;
  settledAt: number;
}

/** The mailbox port in a few lines of memory: for delivery tests and the simulation, not for the product. */
export function createMemoryMailbox(clock: () => number): Mailbox {
  const boxes = new Map<ContactRef, Box>();
  const awaited = new Map<ContactRef, Set<ContactRef>>();
  const boxOf = (contact: ContactRef): Box => {
    const box = boxes.get(contact) ?? {
      waiting: new Map(),
      applied: new Map(),
      history: [],
      events: new Set(),
      heldUntil: 0,
      settledAt: Number.NEGATIVE_INFINITY,
    };
    boxes.set(contact, box);
    return box;
  };
  const othersOf = (contact: ContactRef, contactId: number | undefined): [ContactRef, Box][] =>
    [...boxes].filter(
      ([other, box]) => other !== contact && contactId !== undefined && box.contactId === contactId,
    );
  const appliedOf = (box: Box) => Object.fromEntries(box.applied) as Applied;
  const keepNewest = (box: Box, applied: Applied) => {
    for (const [field, origin] of Object.entries(applied)) {
      const kept = box.applied.get(field);
      if (origin && (!kept || compareStamps(kept.stamp, origin.stamp) < 0)) box.applied.set(field, origin);
    }
  };
  /** Both sides keep their stamps. */
  const leave = (contact: ContactRef, contactId: number) => {
    const box = boxOf(contact);
    const others = othersOf(contact, box.contactId).map(([, other]) => other);
    if (box.contactId !== undefined && box.contactId !== contactId) {
      const all = newestOf([box, ...others].map(appliedOf));
      for (const side of [box, ...others]) keepNewest(side, all);
    }
    box.contactId = contactId;
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
      const others = othersOf(contact, box.contactId);
      return {
        waiting: [...box.waiting.values()].map((entry) => entry.update),
        applied: newestOf([box, ...others.map(([, other]) => other)].map(appliedOf)),
        history: [...box.history],
        ...(box.contactId === undefined ? {} : { contactId: box.contactId }),
        ...(others.length === 0 ? {} : { linked: others.map(([other]) => other) }),
      };
    },
    async hold(contact, holdMs) {
      const box = boxOf(contact);
      const until = Math.max(0, ...othersOf(contact, box.contactId).map(([, other]) => other.heldUntil));
      if (until > clock()) {
        box.heldUntil = 0;
        return until;
      }
      box.heldUntil = clock() + holdMs;
      return undefined;
    },
    async release(contact) {
      boxOf(contact).heldUntil = 0;
    },
    async settle(contact, { done, applied, notes = [], sent, person }) {
      const box = boxOf(contact);
      if (sent && !sent.some((id) => box.waiting.has(id))) return false;
      if (person) {
        const { contactId, also = [], overtaken: givenUp = [] } = person;
        const others = [
          ...othersOf(contact, contactId),
          ...also.filter((ref) => ref !== contact).map((ref) => [ref, boxOf(ref)] as const),
        ];
        const since = clock() - recentMs(person.holdMs);
        const known = new Map(
          others.map(([ref, other]) => [
            ref,
            { applied: appliedOf(other), isRecent: other.settledAt >= since },
          ]),
        );
        const overtaken = overtakenBy(contact, writtenBy(applied, person), known, person);
        if (overtaken.length > 0) return { overtaken };
        for (const { contact: other, field } of givenUp) boxOf(other).applied.delete(field);
        const joins = box.contactId !== contactId;
        for (const ref of [contact, ...also]) leave(ref, contactId);
        for (const [, other] of others) {
          if (joins && other.waiting.size > 0 && other.heldUntil <= clock()) {
            other.heldUntil = clock() + person.holdMs;
          }
        }
        box.heldUntil = 0;
      }
      for (const id of done) box.waiting.delete(id);
      keepNewest(box, person ? keptBy(contact, applied, person) : applied);
      box.settledAt = clock();
      box.history.push(...notes);
      return true;
    },
    async remember() {},
    async awaitContact(contact, names) {
      if (boxOf(contact).waiting.size === 0) return;
      for (const name of names) awaited.set(name, new Set([...(awaited.get(name) ?? []), contact]));
    },
    async forgetAwaiting(contact) {
      for (const contacts of awaited.values()) contacts.delete(contact);
    },
    async awaiting(names) {
      return [...new Set(names.flatMap((name) => [...(awaited.get(name) ?? [])]))];
    },
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
