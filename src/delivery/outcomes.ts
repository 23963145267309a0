import { contactTag, type ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { formerNames } from "../contact/next-address.ts";
import type { MailboxState, Overtaken, Parked, Settlement } from "../store/store.ts";
import { wakeOf } from "../store/wakes.ts";
import type { Attempts, ContactDelivery, Delivery } from "./delivery.ts";
import type { Journal, KeptIds } from "./journal.ts";
import { pieceOf } from "./pieces.ts";
import { parkedItem } from "./records.ts";
import { retryDelayMs } from "./retry-schedule.ts";
import type { SenderAnswer, SetAside } from "./send.ts";

/** How often a contact looks whether another name of the same person is done. */
const otherEveryMs = 250;

/** What belongs to one run of a contact. */
export interface Run {
  readonly delivery: ContactDelivery;
  readonly attempts: Attempts;
  readonly journal: Journal;
}

/**
 * What waits and what was applied, for a request that is about to leave. Where the contact has other names, none of these
 * may have a request on the wire: then the answer is until when one has.
 */
export async function readForRequest(
  contact: ContactRef,
  { mailbox, policy, lane }: ContactDelivery,
): Promise<MailboxState | number> {
  const state = await mailbox.read(contact, false);
  if (!state.linked?.length) return state;
  const heldUntil = await mailbox.hold(contact, policy.holdMs);
  if (lane && heldUntil === undefined) lane.isHeld = true;
  return heldUntil ?? (await mailbox.read(contact, false));
}

/** The same for a further request of a run that has made one. */
export async function readForNext(contact: ContactRef, delivery: ContactDelivery): Promise<MailboxState> {
  const state = await readForRequest(contact, delivery);
  // It will be run again: what waits is still there.
  if (typeof state === "number") throw new Error("another name of the same person took its place");
  return state;
}

/**
 * What was applied, by the API's answer; and whose the contact is, which may show that something newer was overwritten, or
 * may have been.
 */
export async function settleApplied(
  contact: ContactRef,
  contactId: number,
  settlement: Settlement,
  updates: readonly ContactUpdate[],
  delivery: ContactDelivery,
): Promise<boolean> {
  if (!Number.isSafeInteger(contactId)) return (await delivery.mailbox.settle(contact, settlement)) === true;
  const written = { ...delivery.wrote, ...settlement.applied };
  // Only a name that the request gave the contact is shown to be its own.
  const wasSent = (name: ContactRef, { stamp }: ContactUpdate) =>
    written[name.startsWith("phone:") ? "phone" : "email"]?.stamp === stamp;
  const names = updates.flatMap((update) => formerNames(update).filter((name) => wasSent(name, update)));
  const also = [...new Set(names)].filter((name) => name !== contact);
  const { wrote, policy, lane } = delivery;
  const isHeld = lane?.isHeld === true;
  const person = { contactId, also, isHeld, holdMs: policy.holdMs, ...(wrote ? { wrote } : {}) };
  let overtaken: readonly Overtaken[] = [];
  for (;;) {
    const settled = await delivery.mailbox.settle(contact, {
      ...settlement,
      person: { ...person, overtaken },
    });
    if (typeof settled === "boolean") {
      if (settled && overtaken.length > 0) await delivery.wake([wakeOf(contact, "normal")]);
      return settled;
    }
    const again = await valuesAgain(contact, settled.overtaken, updates, delivery);
    if (again.length > 0) await delivery.mailbox.post(again);
    overtaken = [...overtaken, ...settled.overtaken];
  }
}

/** The newest values, to be sent once more. Those whose events are gone are not known any more. */
async function valuesAgain(
  contact: ContactRef,
  overtaken: readonly Overtaken[],
  sent: readonly ContactUpdate[],
  { updatesOf, clock }: ContactDelivery,
): Promise<ContactUpdate[]> {
  const again: ContactUpdate[] = [];
  for (const { field, origin } of overtaken) {
    const holds = (one: ContactUpdate) => one.stamp === origin.stamp && Object.hasOwn(one.patch, field);
    const update = sent.find(holds) ?? (await updatesOf(origin.eventId)).find(holds);
    if (!update) continue;
    const piece = pieceOf(update, [field]);
    again.push({ ...piece, id: `${piece.id}/again/${contactTag(contact)}`, contact, receivedAt: clock() });
  }
  return again;
}

export function total(attempts: Attempts): number {
  return attempts.busy + attempts.failures;
}

/** One request at a time for each person, by whatever name. */
export function waitForOther(heldUntil: number, { delivery, attempts }: Run): Delivery {
  const leftMs = Math.max(1, heldUntil - delivery.clock());
  const message = "another name of the same person is being asked for";
  return { kind: "wait", because: "linked", delayMs: Math.min(leftMs, otherEveryMs), attempts, message };
}

/** No attempt of it is spent. */
export async function standBack(
  contact: ContactRef,
  { because, delayMs, status, message }: SetAside,
  updates: readonly ContactUpdate[],
  { delivery, attempts, journal }: Run,
): Promise<Delivery> {
  await journal.write(delivery.mailbox, contact, updates);
  return { kind: "wait", because, delayMs, attempts, message: `${status}: ${message}` };
}

export async function waitOrPark(
  contact: ContactRef,
  answer: Extract<SenderAnswer, { kind: "busy" | "unavailable" }>,
  updates: readonly ContactUpdate[],
  run: Run,
): Promise<Delivery> {
  const { delivery, attempts, journal } = run;
  const { policy, clock, random } = delivery;
  const now = clock();
  const busy = answer.kind === "busy";
  // Who is in a queue of the API's is there.
  const { wrote } = attempts;
  const counted = {
    ...(busy ? wrote && { wrote } : attempts),
    busy: busy ? attempts.busy + 1 : attempts.busy,
    failures: busy ? attempts.failures : attempts.failures + 1,
  };
  const tooOld = updates.filter((update) => now - update.receivedAt > policy.maxAgeMs);
  if (tooOld.length > 0) {
    const reason = busy ? "busy-too-long" : "undeliverable";
    const item = parkedItem(tooOld, reason, now, total(counted), answer);
    journal.setAside(item, true);
    return await park(contact, [item], tooOld, run, updates.length);
  }
  await journal.write(delivery.mailbox, contact, updates);
  // A 449 may carry its own wait ("Retry-After if given"); any other hint only ever delays.
  const hintMs = answer.retryAfterMs;
  const delayMs =
    busy && hintMs !== undefined
      ? hintMs
      : retryDelayMs(
          busy ? policy.busy : policy.retry,
          busy ? counted.busy : counted.failures,
          hintMs,
          random(),
        );
  const message = answer.kind === "busy" ? "449" : answer.message;
  return { kind: "wait", because: busy ? "busy" : "failing", delayMs, attempts: counted, message };
}

export async function keepAside(
  parked: readonly Parked[],
  delivery: Pick<ContactDelivery, "keep">,
): Promise<KeptIds> {
  const ids = parked.length === 0 ? [] : await delivery.keep(parked);
  return new Map(parked.map((item, index) => [item, ids[index] ?? ""]));
}

/** Keeps what is set aside first, then takes all of `updates`, of so many that wait, out of the mailbox. */
export async function park(
  contact: ContactRef,
  parked: readonly Parked[],
  updates: readonly ContactUpdate[],
  { delivery, journal }: Run,
  waiting = updates.length,
): Promise<Delivery> {
  const done = updates.map((update) => update.id);
  if (parked.length === 0) {
    await delivery.mailbox.settle(contact, { done, applied: {}, notes: journal.take(), sent: done });
    return { kind: "settled", requests: 1 };
  }
  const notes = journal.take({ keptIds: await keepAside(parked, delivery) });
  const settled = await delivery.mailbox.settle(contact, { done, applied: {}, notes, sent: done });
  // Erased while the request was out: what was kept goes with the wake-up.
  return settled
    ? { kind: "parked", parked, remaining: updates.length < waiting }
    : { kind: "settled", requests: 1 };
}
