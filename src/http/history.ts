import { contactRef, type ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { EventRecord } from "../store/event-log.ts";
import type { DeliveryNote, Mailbox, MailboxState } from "../store/store.ts";
import type { EventStep, HistoryLine } from "./schemas/history.ts";

/** One line as the operator sees it. */
export function describeLine(contact: ContactRef, { at, ...rest }: DeliveryNote): HistoryLine {
  return {
    at: new Date(at).toISOString(),
    identifier: contact,
    ...(rest.status === undefined
      ? {}
      : { method: rest.outcome === "created" ? ("POST" as const) : ("PUT" as const) }),
    ...rest,
  };
}

/** The mailboxes that updates of an event may have been in: a contact can be tried by its other identifiers. */
export type Mailboxes = ReadonlyMap<ContactRef, MailboxState>;

export async function mailboxesOf(
  updates: readonly ContactUpdate[],
  mailbox: Pick<Mailbox, "read">,
): Promise<Mailboxes> {
  const refs = new Set(updates.flatMap(namesOf));
  const states = [...refs].map(async (ref) => [ref, await mailbox.read(ref)] as const);
  return new Map(await Promise.all(states));
}

export function namesOf({ contact, patch: { phone, email } }: ContactUpdate): readonly ContactRef[] {
  const carried = [
    phone === undefined ? undefined : contactRef("phone", phone),
    email === undefined ? undefined : contactRef("email", email),
  ];
  return [contact, ...carried.filter((ref) => ref !== undefined && ref !== contact)] as ContactRef[];
}

export function speaksOf({ fields, superseded = [] }: DeliveryNote, eventId: string): boolean {
  return fields.some((field) => field.eventId === eventId) || superseded.includes(eventId);
}

/** What became of an event, oldest first. */
export function describeSteps(record: EventRecord, mailboxes: Mailboxes): EventStep[] {
  const { event, acceptedAt } = record;
  const stored = { at: acceptedAt, step: "stored" as const };
  const steps = [{ at: event.receivedAt, step: "received" as const }, stored, ...mappingOf(record)];
  const lines = [...mailboxes].flatMap(([contact, { history }]) =>
    history.filter((note) => speaksOf(note, event.id)).map((note) => ({ contact, note })),
  );
  return [
    ...steps.map(({ at, ...step }) => ({ at: new Date(at).toISOString(), ...step })),
    ...lines
      .toSorted((a, b) => a.note.at - b.note.at)
      .map(({ contact, note }) => ({ step: "request" as const, ...describeLine(contact, note) })),
  ];
}

function mappingOf({ event, result, failure, finishedAt }: EventRecord) {
  if (finishedAt === undefined) return [];
  if (failure !== undefined) return [{ at: finishedAt, step: "failed" as const, reason: failure }];
  if (event.withdrawn !== undefined) return [{ at: finishedAt, step: event.withdrawn }];
  if (!result) return [];
  const reason = result.outcome === "ignored" ? { reason: result.reason } : {};
  return [{ at: finishedAt, step: result.outcome, ...reason }];
}
