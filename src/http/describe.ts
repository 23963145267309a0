import type { ContactUpdate, FieldReport, MappingReport } from "../contact/event.ts";
import { contactBody, patchEntries, type FieldName } from "../contact/contact-patch.ts";
import { compareStamps } from "../contact/stamp.ts";
import type { EventRecord, EventSummary } from "../store/event-log.ts";
import type { MailboxState, Store } from "../store/store.ts";
import type { ContactAnswer } from "./schemas/contacts.ts";
import type { EventAnswer, EventSummaryAnswer, EventUpdateAnswer, FieldFate } from "./schemas/events.ts";

/** Whether anything at all is known of a contact. */
export function isKnown(state: MailboxState): boolean {
  return state.waiting.length + Object.keys(state.applied).length + state.history.length > 0;
}

/** A mailbox as the operator sees it: what waits, oldest first; what was applied, by which event; its history. */
export function describeMailbox(state: MailboxState): Omit<ContactAnswer, "contact"> {
  const oldestFirst = [...state.waiting].sort((a, b) => compareStamps(a.stamp, b.stamp));
  return {
    waiting: oldestFirst.map(({ eventId, patch, stamp }) => ({ eventId, patch: contactBody(patch), stamp })),
    applied: state.applied,
    history: state.history.map((line) => ({ ...line, at: new Date(line.at).toISOString() })),
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
    updates: await Promise.all(updates.map((update) => describeUpdate(update, store))),
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
async function describeUpdate(
  update: ContactUpdate,
  store: Pick<Store, "mailbox">,
): Promise<EventUpdateAnswer> {
  const { waiting, applied, history } = await store.mailbox.read(update.contact);
  const isWaiting = (field: FieldName) =>
    waiting.some((other) => other.eventId === update.eventId && Object.hasOwn(other.patch, field));
  const wasParked = (field: FieldName) =>
    history.some(
      ({ outcome, eventIds, fields }) =>
        outcome.startsWith("parked") && eventIds.includes(update.eventId) && fields.includes(field),
    );
  const fields = patchEntries(update.patch).map(([field]): [FieldName, FieldFate] => {
    const origin = applied[field];
    if (origin && origin.eventId === update.eventId) return [field, { state: "applied" }];
    if (origin && compareStamps(origin.stamp, update.stamp) > 0) {
      return [field, { state: "superseded", by: origin.eventId }];
    }
    return [field, { state: isWaiting(field) ? "waiting" : wasParked(field) ? "parked" : "unknown" }];
  });
  return {
    id: update.id,
    contact: update.contact,
    patch: contactBody(update.patch),
    stamp: update.stamp,
    fields: Object.fromEntries(fields),
  };
}

/** The payload as JSON, or as its text when reading it as JSON would change a number in it. */
function readablePayload(payload: string): unknown {
  return /\d{16,}/.test(payload) ? payload : JSON.parse(payload);
}
