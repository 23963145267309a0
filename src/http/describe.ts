import type { ContactUpdate, FieldReport, MappingReport } from "../contact/event.ts";
import { contactBody, patchEntries, type FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import { compareStamps } from "../contact/stamp.ts";
import type { EventRecord, EventSummary } from "../store/event-log.ts";
import type { MailboxState, Store } from "../store/store.ts";
import { describeLine, describeSteps, mailboxesOf, namesOf, type Mailboxes } from "./history.ts";
import type { ContactAnswer } from "./schemas/contacts.ts";
import type { EventAnswer, EventSummaryAnswer, EventUpdateAnswer, FieldFate } from "./schemas/events.ts";

/** Whether anything at all is known of a contact. */
export function isKnown(state: MailboxState): boolean {
  return state.waiting.length + Object.keys(state.applied).length + state.history.length > 0;
}

/** A contact as the operator sees it: what waits, oldest first; what was applied, by which event; its history. */
export function describeContact(contact: ContactRef, state: MailboxState): ContactAnswer {
  const oldestFirst = [...state.waiting].sort((a, b) => compareStamps(a.stamp, b.stamp));
  return {
    contact,
    ...(state.contactId === undefined ? {} : { contactId: state.contactId }),
    ...(state.linked === undefined ? {} : { linked: state.linked }),
    waiting: oldestFirst.map(({ eventId, patch, stamp }) => ({ eventId, patch: contactBody(patch), stamp })),
    applied: state.applied,
    history: state.history.map((note) => describeLine(contact, note)).toReversed(),
  };
}

/** An event in a list. */
export function describeSummary({ occurredAt, receivedAt, ...rest }: EventSummary): EventSummaryAnswer {
  return {
    ...rest,
    occurredAt: new Date(occurredAt).toISOString(),
    receivedAt: new Date(receivedAt).toISOString(),
  };
}

/** An event as the operator sees it: itself, its payload, its updates and what became of each. */
export async function describeEvent(
  record: EventRecord,
  store: Pick<Store, "mailbox">,
): Promise<EventAnswer> {
  const { event, state, attempts, result, failure, waitsFor } = record;
  const reason = failure ?? waitsFor;
  const { payload, occurredAt, receivedAt, ...rest } = event;
  const updates = result?.outcome === "mapped" ? result.updates : [];
  const mailboxes = await mailboxesOf(updates, store.mailbox);
  return {
    ...rest,
    occurredAt: new Date(occurredAt).toISOString(),
    receivedAt: new Date(receivedAt).toISOString(),
    state,
    attempts,
    outcome: result?.outcome ?? (failure === undefined ? "pending" : "failed"),
    ...(reason === undefined ? {} : { reason }),
    ...(result?.outcome === "ignored" ? { reason: result.reason } : {}),
    warnings: result && "warnings" in result ? result.warnings : [],
    ...(result && "report" in result && result.report ? { mapping: describeReport(result.report) } : {}),
    updates: updates.map((update) => describeUpdate(update, mailboxes)),
    history: describeSteps(record, mailboxes),
    payload: readablePayload(payload),
  };
}

/** A store may have changed the order of the keys: for a person it is from where, what, and what it became. */
function describeReport({ fields, unusedAnswers }: MappingReport) {
  const inOrder = ({ field, from, was, became, note, why }: FieldReport) => ({
    field,
    from,
    was,
    became,
    note,
    why,
  });
  return { fields: fields.map(inOrder), unusedAnswers };
}

/** What became of an update, field by field, as far as the contact's mailbox still tells. */
function describeUpdate(update: ContactUpdate, mailboxes: Mailboxes): EventUpdateAnswer {
  const states = namesOf(update).flatMap((ref) => mailboxes.get(ref) ?? []);
  const fields = patchEntries(update.patch).map(([field]) => [field, fateOf(field, update, states)] as const);
  return {
    id: update.id,
    contact: update.contact,
    patch: contactBody(update.patch),
    stamp: update.stamp,
    fields: Object.fromEntries(fields),
  };
}

function fateOf(field: FieldName, update: ContactUpdate, states: readonly MailboxState[]): FieldFate {
  const { eventId, stamp } = update;
  const lines = states
    .flatMap(({ history }) => history)
    .filter((note) => note.fields.some((noted) => noted.field === field && noted.eventId === eventId));
  const applied = lines.findLast(({ outcome }) => outcome === "applied");
  const at = applied ? { at: new Date(applied.at).toISOString() } : {};
  const origins = states.flatMap((state) => state.applied[field] ?? []);
  if (origins.some((origin) => origin.eventId === eventId)) return { state: "applied", ...at };
  const isWaiting = states.some(({ waiting }) =>
    waiting.some((other) => other.eventId === eventId && Object.hasOwn(other.patch, field)),
  );
  const newer = origins.find((origin) => compareStamps(origin.stamp, stamp) > 0);
  if (newer) return { state: "superseded", by: newer.eventId, ...at };
  if (isWaiting) return { state: "waiting" };
  return { state: lines.some(({ parked }) => parked !== undefined) ? "parked" : "unknown" };
}

/** The payload as JSON, or as its text when reading it as JSON would change a number in it. */
function readablePayload(payload: string): unknown {
  return /\d{16,}/.test(payload) ? payload : JSON.parse(payload);
}
