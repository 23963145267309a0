import { contactTag } from "../contact/contact-ref.ts";
import type { ContactUpdate, RelayEvent } from "../contact/event.ts";
import { makeStamp } from "../contact/stamp.ts";
import type { Mapped, Source } from "../sources/source.ts";
import type { EventResult, Store } from "../store/store.ts";
import type { Complete, Completed } from "./completion.ts";

export type MapOutcome =
  | EventResult
  /** Cannot be mapped now; the event is kept with its payload until it is replayed. */
  | { outcome: "failed"; message: string; erased?: RelayEvent["erased"] }
  /** What the event only points at could not be fetched yet. */
  | ({ outcome: "later" } & Omit<Extract<Completed, { kind: "later" }>, "kind">);

type Erasure = Extract<Mapped, { kind: "erase" }>;

/** What is to be done for one event. */
export type EventPlan =
  | { kind: "post"; outcome: Extract<EventResult, { outcome: "mapped" }> }
  | Erasure
  | { kind: "nothing"; outcome: Exclude<MapOutcome, { outcome: "mapped" | "erased" }> };

/** Maps one stored event, completed from its sender's own API where it is thin; nothing is changed by it. */
export async function planEvent(
  event: RelayEvent,
  sources: ReadonlyMap<string, Source>,
  complete: Complete,
): Promise<EventPlan> {
  if (event.withdrawn === "erased") return { kind: "erase", contacts: [], unreadable: [] };
  if (event.withdrawn === "dropped") {
    return { kind: "nothing", outcome: { outcome: "ignored", reason: "dropped", warnings: [] } };
  }
  const source = sources.get(event.source);
  if (!source) {
    const message = `source "${event.source}" is not configured any more`;
    return { kind: "nothing", outcome: { outcome: "failed", message } };
  }
  const completion = await complete(event, source);
  if (completion.kind === "later") {
    const { because, message, delayMs } = completion;
    return { kind: "nothing", outcome: { outcome: "later", because, message, delayMs } };
  }
  if (completion.kind === "failed") {
    return { kind: "nothing", outcome: { outcome: "failed", message: completion.message } };
  }
  const mapped = await source.map({ ...event, payload: completion.payload });
  switch (mapped.kind) {
    case "failed":
      return { kind: "nothing", outcome: { outcome: "failed", message: mapped.message } };
    case "ignored": {
      const { reason, warnings, report } = mapped;
      return { kind: "nothing", outcome: { outcome: "ignored", reason, warnings, report } };
    }
    case "erase":
      return mapped;
    case "update": {
      const update: ContactUpdate = {
        id: event.replay === 0 ? event.id : `${event.id}.r${event.replay}`,
        eventId: event.id,
        contact: mapped.contact,
        patch: mapped.patch,
        stamp: makeStamp(event),
        receivedAt: event.retriedAt ?? event.receivedAt,
      };
      const { warnings, report } = mapped;
      return { kind: "post", outcome: { outcome: "mapped", updates: [update], warnings, report } };
    }
  }
}

/** Puts updates into their contacts' mailboxes and wakes those. Idempotent. */
export async function postUpdates(
  updates: readonly ContactUpdate[],
  store: Pick<Store, "mailbox" | "wake">,
): Promise<void> {
  if (updates.length === 0) return;
  await store.mailbox.post(updates);
  for (const contact of new Set(updates.map((update) => update.contact))) await store.wake(contact);
}

/**
 * Maps one stored event and puts its update into the contact's mailbox.
 * Safe to run twice: posting and waking are idempotent, and the event's job completes only after both.
 */
export async function mapEvent(
  event: RelayEvent,
  sources: ReadonlyMap<string, Source>,
  store: Pick<Store, "mailbox" | "events" | "wake" | "erase">,
  complete: Complete,
): Promise<MapOutcome> {
  const plan = await planEvent(event, sources, complete);
  switch (plan.kind) {
    case "nothing":
      return plan.outcome;
    case "erase": {
      const erased = new Set(event.erased);
      for (const contact of plan.contacts) {
        if (!erased.has(contactTag(contact))) await store.erase(contact);
        erased.add(contactTag(contact));
      }
      // Its payload is all that tells of whoever could not be found.
      if (plan.unreadable.length > 0) {
        return { outcome: "failed", message: unreadMessage(plan), erased: [...erased] };
      }
      await store.events.erase([event.id]);
      return { outcome: "erased" };
    }
    case "post":
      await postUpdates(plan.outcome.updates, store);
      return plan.outcome;
  }
}

/** For the operator: the values themselves are personal, and stand in the payload that is kept. */
function unreadMessage({ contacts, unreadable }: Erasure): string {
  const names = { phone: "phone number", email: "e-mail address" } as const;
  const unread = unreadable.map((kind) => names[kind]).join(" and ");
  const done = contacts.length === 0 ? "nobody was erased" : "only what it else names was erased";
  return (
    `the request to erase a contact names it by a ${unread} that cannot be read, ${done}: ` +
    "put the source's `region` right and retry, or erase the contact by hand and drop this event"
  );
}
