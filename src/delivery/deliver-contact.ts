import { patchEntries, type ContactPatch } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates, type Applied, type Merged } from "../contact/merge.ts";
import type { Mailbox, Parked } from "../store/store.ts";
import { wakesFor } from "../store/wakes.ts";
import type { Attempts, ContactDelivery, Delivery, DeliveryPolicy } from "./delivery.ts";
import { divide } from "./divide.ts";
import { knownFirstName } from "./first-name.ts";
import { asFirstNamed, nextAddress, renamedAddress } from "./next-address.ts";
import { deliveredNote, notFoundNote, parkedItem, parkedNote, reasonOfRefusal } from "./records.ts";
import { retryDelayMs } from "./retry-schedule.ts";
import type { SenderAnswer, SetAside } from "./send.ts";

/**
 * Sends what waits for one contact as one request, newest stamp per field, and settles it by the API's answer:
 *
 * - 200: applied stamps are remembered;
 * - 449, or no good answer: the contact waits, with its own doubling delay, until the updates are too old;
 * - 400, 422: divided until the bad fields are found; good ones are applied, bad ones parked;
 * - 404: the updates go to the mailbox of the next identifier that they carry, or of the one that the contact has been
 *   given since; without any they are parked;
 * - other refusals: parked;
 * - 429, 401, 403 concern everybody, unless this contact alone meets them: the sender waits them out or has the contact
 *   stand back, and no attempt of it is spent. A 403 that is shown to be its own is a refusal.
 */
export async function deliverContact(
  contact: ContactRef,
  attempts: Attempts,
  delivery: ContactDelivery,
): Promise<Delivery> {
  const { mailbox, clock, policy } = delivery;
  // Read when there is a slot, so that updates which came meanwhile go out with it; without any no slot is used up.
  let updates: readonly ContactUpdate[] = [];
  let merged = mergeUpdates([], {});
  const answer = await delivery.send(contact, delivery.signal, async () => {
    const state = await mailbox.read(contact, false);
    updates = state.waiting;
    merged = mergeUpdates(state.waiting, state.applied);
    return sendable(merged.patch, updates, state.applied, policy);
  });
  switch (answer.kind) {
    case "interrupted":
      return { kind: "interrupted" };
    case "nothing-to-send": {
      if (patchEntries(merged.patch).length === 0) return await settleSuperseded(contact, updates, mailbox);
      const item = parkedItem(updates, "first-name-required", clock(), total(attempts));
      return await park(contact, [item], updates, delivery);
    }
    case "ok":
      await settleDelivered(contact, updates, merged, answer.status, delivery);
      return { kind: "settled", requests: 1 };
    case "set-aside":
      return standBack(answer, attempts);
    case "busy":
    case "unavailable":
      return await waitOrPark(contact, answer, updates, attempts, delivery);
    case "invalid": {
      const division = await divide(contact, updates, answer, delivery);
      if (division.kind === "interrupted") return { kind: "interrupted" };
      if (division.kind === "stopped") {
        return division.answer.kind === "set-aside"
          ? standBack(division.answer, attempts)
          : await waitOrPark(contact, division.answer, updates, attempts, delivery);
      }
      return await park(contact, division.parked, updates, delivery);
    }
    case "not-found":
      return await tryNext(contact, answer, updates, attempts, delivery);
    case "refused": {
      const item = parkedItem(updates, reasonOfRefusal(answer), clock(), total(attempts) + 1, answer);
      return await park(contact, [item], updates, delivery);
    }
  }
}

function total(attempts: Attempts): number {
  return attempts.busy + attempts.failures;
}

function sendable(
  patch: ContactPatch,
  updates: readonly ContactUpdate[],
  applied: Applied,
  policy: DeliveryPolicy,
): ContactPatch | undefined {
  if (patchEntries(patch).length === 0) return undefined;
  if (!policy.requireFirstName || patch.firstName !== undefined) return patch;
  const known = knownFirstName(updates, applied);
  return known && { ...known.patch, ...patch };
}

async function settleSuperseded(
  contact: ContactRef,
  updates: readonly ContactUpdate[],
  mailbox: Mailbox,
): Promise<Delivery> {
  if (updates.length > 0) {
    const done = updates.map((update) => update.id);
    await mailbox.settle(contact, { done, applied: {}, sent: done });
  }
  return { kind: "settled", requests: 0 };
}

async function settleDelivered(
  contact: ContactRef,
  updates: readonly ContactUpdate[],
  merged: Merged,
  status: number,
  delivery: ContactDelivery,
): Promise<void> {
  const now = delivery.clock();
  const origins = new Set(Object.values(merged.origins).map((origin) => origin?.eventId));
  const contributing = updates.filter((update) => origins.has(update.eventId));
  const done = updates.map((update) => update.id);
  await delivery.mailbox.settle(contact, {
    done,
    sent: done,
    applied: merged.origins,
    note: deliveredNote(now, "delivered", status, merged.patch, contributing),
  });
  delivery.observer.updatesPerRequest(updates.length);
  for (const update of updates) {
    delivery.observer.acceptedToDelivered(Math.max(0, now - update.receivedAt) / 1000);
  }
}

/** Without the fields of which a newer value was applied while the contact had its former name. */
function newerPart(update: ContactUpdate, applied: Applied): ContactUpdate {
  return { ...update, patch: mergeUpdates([update], applied).patch };
}

/** Durable at the next identifier first, then out of this mailbox. What is erased meanwhile is not carried on. */
async function tryNext(
  contact: ContactRef,
  answer: Extract<SenderAnswer, { kind: "not-found" }>,
  updates: readonly ContactUpdate[],
  attempts: Attempts,
  delivery: ContactDelivery,
): Promise<Delivery> {
  const { mailbox, clock } = delivery;
  const { waiting, applied } = await mailbox.read(contact, false);
  const stillWaiting = new Set(waiting.map(({ id }) => id));
  const isStuck = updates.some((update) => nextAddress(update) === undefined);
  const renamed = isStuck ? await delivery.renamedTo(contact, applied) : undefined;
  const moved: ContactUpdate[] = [];
  const left: ContactUpdate[] = [];
  for (const update of updates) {
    const next = nextAddress(update) ?? (renamed && renamedAddress(newerPart(update, applied), renamed));
    if (!next) left.push(update);
    else if (stillWaiting.has(update.id) && patchEntries(next.patch).length > 0) moved.push(next);
  }
  if (moved.length > 0) {
    await mailbox.post(moved);
    await delivery.wake(wakesFor(moved));
  }
  if (left.length > 0) {
    const reason = reasonOfRefusal(answer);
    const item = parkedItem(left.map(asFirstNamed), reason, clock(), total(attempts) + 1, answer);
    return await park(contact, [item], updates, delivery);
  }
  const done = updates.map((update) => update.id);
  await mailbox.settle(contact, {
    done,
    applied: {},
    sent: done,
    note: notFoundNote(clock(), answer.status, updates),
  });
  return { kind: "readdressed" };
}

function standBack({ because, delayMs, status, message }: SetAside, attempts: Attempts): Delivery {
  return { kind: "wait", because, delayMs, attempts, message: `${status}: ${message}` };
}

async function waitOrPark(
  contact: ContactRef,
  answer: Extract<SenderAnswer, { kind: "busy" | "unavailable" }>,
  updates: readonly ContactUpdate[],
  attempts: Attempts,
  delivery: ContactDelivery,
): Promise<Delivery> {
  const { policy, clock, random } = delivery;
  const now = clock();
  const busy = answer.kind === "busy";
  const counted = {
    busy: busy ? attempts.busy + 1 : attempts.busy,
    failures: busy ? attempts.failures : attempts.failures + 1,
  };
  const tooOld = updates.filter((update) => now - update.receivedAt > policy.maxAgeMs);
  if (tooOld.length > 0) {
    const reason = busy ? "busy-too-long" : "undeliverable";
    const item = parkedItem(tooOld, reason, now, total(counted), answer);
    const delivered = await park(contact, [item], tooOld, delivery);
    return delivered.kind === "parked"
      ? { ...delivered, remaining: tooOld.length < updates.length }
      : delivered;
  }
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

/** Keeps what is set aside first, then takes all of `updates` out of the mailbox. */
async function park(
  contact: ContactRef,
  parked: readonly Parked[],
  updates: readonly ContactUpdate[],
  delivery: ContactDelivery,
): Promise<Delivery> {
  const done = updates.map((update) => update.id);
  if (parked.length === 0) {
    await delivery.mailbox.settle(contact, { done, applied: {}, sent: done });
    return { kind: "settled", requests: 1 };
  }
  await delivery.keep(parked);
  const note = parkedNote(delivery.clock(), parked);
  const settled = await delivery.mailbox.settle(contact, { done, applied: {}, note, sent: done });
  // Erased while the request was out: what was kept goes with the wake-up.
  return settled ? { kind: "parked", parked, remaining: false } : { kind: "settled", requests: 1 };
}
