import { contactTag } from "../contact/contact-ref.ts";
import type { ContactUpdate, RelayEvent } from "../contact/event.ts";
import { keptPriority } from "../contact/priority.ts";
import { makeStamp } from "../contact/stamp.ts";
import { keptTrace, traceOf, type TraceContext } from "../contact/trace-context.ts";
import { unreadableBecause } from "../contact/unreadable.ts";
import type { Mapped, Source } from "../sources/source.ts";
import type { EventFailureReason, EventResult } from "../store/event-log.ts";
import type { Store } from "../store/store.ts";
import type { Complete, Completed } from "./completion.ts";

export type MapOutcome =
  | EventResult
  /** Cannot be mapped now; the event is kept with its payload until it is replayed. */
  | { outcome: "failed"; reason: EventFailureReason; message: string; erased?: RelayEvent["erased"] }
  /** What the event only points at could not be fetched yet. */
  | ({ outcome: "later" } & Omit<Extract<Completed, { kind: "later" }>, "kind">);

export type Erasure = Extract<Mapped, { kind: "erase" }>;

/** What is to be done for one event. */
export type EventPlan = Erasure | { kind: "done"; outcome: MapOutcome };

/**
 * Maps one stored event, completed from its sender's own API where it is thin; nothing is changed by it. What comes of it
 * goes on from `trace`.
 */
export async function planEvent(
  event: RelayEvent,
  sources: ReadonlyMap<string, Source>,
  complete: Complete,
  trace: TraceContext | undefined = traceOf(event.attributes),
): Promise<EventPlan> {
  const done = (outcome: MapOutcome): EventPlan => ({ kind: "done", outcome });
  const failed = (message: string, reason: EventFailureReason = "unmappable") =>
    done({ outcome: "failed", reason, message });
  const source = sources.get(event.source);
  if (!source) return failed(`source "${event.source}" is not configured any more`);
  const unreadable = event.attributes[unreadableBecause];
  if (unreadable !== undefined) return failed(`the message cannot be read: ${unreadable}`);
  const completion = await complete(event, source);
  if (completion.kind === "later") {
    const { because, message, delayMs } = completion;
    return done({ outcome: "later", because, message, delayMs });
  }
  if (completion.kind === "failed") return failed(completion.message);
  const mapped = await source.map({ ...event, payload: completion.payload });
  switch (mapped.kind) {
    case "failed":
      return failed(mapped.message);
    case "unreadable":
      return failed(mapped.message, "unreadable-identifier");
    case "ignored": {
      const { reason, warnings, report } = mapped;
      return done({ outcome: "ignored", reason, warnings, report });
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
        ...keptPriority(event.priority),
        ...keptTrace(trace),
      };
      const { warnings, report } = mapped;
      return done({ outcome: "mapped", updates: [update], warnings, report });
    }
  }
}

/** Carries out what an event asks to have erased. Safe to run twice. */
export async function eraseFor(
  event: RelayEvent,
  plan: Erasure,
  store: { readonly events: Pick<Store["events"], "erase">; readonly erase: Store["erase"] },
): Promise<MapOutcome> {
  const erased = new Set(event.erased);
  for (const contact of plan.contacts) {
    if (!erased.has(contactTag(contact))) await store.erase(contact);
    erased.add(contactTag(contact));
  }
  // Its payload is all that tells of whoever could not be found.
  if (plan.unreadable.length > 0) {
    const message = unreadMessage(plan);
    return { outcome: "failed", reason: "unreadable-identifier", message, erased: [...erased] };
  }
  await store.events.erase([event.id]);
  return { outcome: "erased" };
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
