import { patchEntries } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates, type Applied, type Merged } from "../contact/merge.ts";
import type { Attempts, ContactDelivery, Delivery, DeliveryPolicy } from "./delivery.ts";
import { knownFirstName, withFirstName } from "./first-name.ts";
import { createFitting, type Fitting } from "./fitting.ts";
import { createJournal, eventsWithout, supersededNote } from "./journal.ts";
import { parkExpired, whenMissing, youngTries } from "./missing.ts";
import { namesOf } from "../contact/next-address.ts";
import {
  keepAside,
  park,
  readForRequest,
  settleApplied,
  standBack,
  total,
  waitForOther,
  waitOrPark,
  type Run,
} from "./outcomes.ts";
import { parkedItem, reasonOfRefusal } from "./records.ts";
import { dividedOrWaiting, withoutTaken } from "./refusal.ts";

/** A phone, an e-mail and an id. */
const namesMax = 3;

/**
 * Sends what waits for one contact as one request, newest stamp per field, and settles it by the API's answer:
 *
 * - 200: applied stamps are remembered;
 * - 449, or no good answer: the contact waits, with its own doubling delay, until the updates are too old;
 * - 400, 422: divided until the bad fields are found; good ones are applied, bad ones parked, as are those that the
 *   workspace is known not to take;
 * - 400 that names another contact, whose phone or e-mail it is: that one is parked, the rest applied;
 * - 404: the updates go to the mailbox of the next identifier that they carry, or of the one that the contact has been
 *   given since; without any they are parked, wait for the contact, or have it created;
 * - other refusals: parked;
 * - 429, 401, 403 concern everybody, unless this contact alone meets them: the sender waits them out or has the contact
 *   stand back, and no attempt of it is spent. A 403 that is shown to be its own is a refusal.
 */
export async function deliverContact(
  contact: ContactRef,
  attempts: Attempts,
  delivery: ContactDelivery,
): Promise<Delivery> {
  const lane = { isHeld: false };
  const { wrote } = attempts;
  try {
    return await deliverHeld(contact, attempts, { ...delivery, lane, ...(wrote ? { wrote } : {}) });
  } finally {
    if (lane.isHeld) await delivery.mailbox.release(contact);
  }
}

async function deliverHeld(
  contact: ContactRef,
  attempts: Attempts,
  delivery: ContactDelivery,
): Promise<Delivery> {
  const { mailbox, clock, policy } = delivery;
  // Read when there is a slot, so that updates which came meanwhile go out with it; without any no slot is used up.
  let updates: readonly ContactUpdate[] = [];
  let merged = mergeUpdates([], {});
  let origins: Applied = {};
  let heldUntil: number | undefined;
  const journal = createJournal();
  const run: Run = { delivery, attempts, journal };
  const fitting = createFitting(delivery, total(attempts));
  const { missing = 0, expiresAt } = attempts;
  if (missing >= youngTries && expiresAt !== undefined && clock() >= expiresAt) {
    const expired = await parkExpired(contact, run);
    if (expired) return expired;
  }
  // One that was missing may have appeared by any of its names.
  const names = missing > 0 ? await namesWaiting(contact, delivery) : [contact];
  let address: ContactRef = contact;
  let answer: Awaited<ReturnType<typeof delivery.send>> = { kind: "nothing-to-send" };
  for (address of names) {
    answer = await fitting.send(
      address,
      async () => {
        const state = await readForRequest(contact, delivery);
        heldUntil = typeof state === "number" ? state : undefined;
        if (typeof state === "number") return undefined;
        updates = state.waiting;
        merged = mergeUpdates(fitting.fit(state), state.applied);
        delivery.composed?.(updates);
        const whole = sendable(merged, updates, state.applied, policy);
        origins = whole?.origins ?? {};
        return whole?.patch;
      },
      (request) => journal.made(request, origins),
    );
    if (answer.kind !== "not-found") break;
  }
  switch (answer.kind) {
    case "interrupted":
      await journal.write(mailbox, contact, updates);
      return { kind: "interrupted" };
    case "nothing-to-send": {
      if (heldUntil !== undefined) return waitForOther(heldUntil, run);
      if (patchEntries(merged.patch).length === 0) {
        const unfit = fitting.unfit();
        for (const item of unfit) journal.setAside(item, false);
        await lookAfterCreation(contact, updates, delivery);
        if (unfit.length > 0) return await park(contact, unfit, updates, run);
        return await settleSuperseded(contact, updates, run);
      }
      const item = parkedItem(updates, "first-name-required", clock(), total(attempts));
      journal.setAside(item, false);
      return await park(contact, [item], updates, run);
    }
    case "ok":
      if (missing > 0) await mailbox.forgetAwaiting(contact);
      return await settleDelivered(contact, answer.contactId, updates, merged, fitting, run);
    case "set-aside":
      return await standBack(contact, answer, updates, run);
    case "busy":
    case "unavailable":
      return await waitOrPark(contact, answer, updates, run);
    case "taken":
      return await withoutTaken(contact, answer, updates, run, address, fitting);
    case "invalid":
      return await dividedOrWaiting(contact, answer, updates, run, address, fitting.unfit, fitting.fitted());
    case "not-found":
      return await whenMissing(contact, answer, updates, run);
    case "refused": {
      const item = parkedItem(updates, reasonOfRefusal(answer), clock(), total(attempts) + 1, answer);
      journal.setAside(item, true);
      return await park(contact, [item], updates, run);
    }
  }
}

async function namesWaiting(contact: ContactRef, { mailbox }: ContactDelivery): Promise<ContactRef[]> {
  const { waiting } = await mailbox.read(contact, false);
  return [...new Set([contact, ...waiting.flatMap(namesOf)])].slice(0, namesMax);
}

function sendable(
  merged: Merged,
  updates: readonly ContactUpdate[],
  applied: Applied,
  policy: DeliveryPolicy,
): Merged | undefined {
  const { patch } = merged;
  if (patchEntries(patch).length === 0) return undefined;
  if (!policy.requireFirstName || patch.firstName !== undefined) return merged;
  const known = knownFirstName(updates, applied);
  return known && withFirstName(known, merged);
}

/** What a creation wrote may still be there in place of what is newer. */
async function lookAfterCreation(
  contact: ContactRef,
  updates: readonly ContactUpdate[],
  delivery: ContactDelivery,
): Promise<void> {
  const known = delivery.wrote && (await delivery.mailbox.read(contact, false)).contactId;
  if (known === undefined) return;
  const sent = updates.map(({ id }) => id);
  await settleApplied(contact, known, { done: [], applied: {}, sent }, updates, delivery);
}

async function settleSuperseded(
  contact: ContactRef,
  updates: readonly ContactUpdate[],
  { delivery, journal }: Run,
): Promise<Delivery> {
  if (updates.length > 0) {
    const done = updates.map((update) => update.id);
    const notes = [...journal.take(), supersededNote(delivery.clock(), updates)];
    await delivery.mailbox.settle(contact, { done, applied: {}, notes, sent: done });
  }
  return { kind: "settled", requests: 0 };
}

async function settleDelivered(
  contact: ContactRef,
  contactId: number,
  updates: readonly ContactUpdate[],
  merged: Merged,
  fitting: Fitting,
  { delivery, journal }: Run,
): Promise<Delivery> {
  const now = delivery.clock();
  const done = updates.map((update) => update.id);
  const unfit = fitting.unfit(merged.origins);
  for (const item of unfit) journal.setAside(item, false);
  const keptIds = await keepAside(unfit, delivery);
  const unfitEvents = new Set(unfit.flatMap((item) => item.updates.map(({ eventId }) => eventId)));
  const superseded = eventsWithout(updates, merged.origins).filter((id) => !unfitEvents.has(id));
  const notes = journal.take({ superseded, keptIds });
  const settlement = { done, sent: done, applied: merged.origins, notes };
  const settled = await settleApplied(contact, contactId, settlement, updates, delivery);
  delivery.observer.updatesPerRequest(updates.length);
  for (const update of updates) {
    delivery.observer.acceptedToDelivered(Math.max(0, now - update.receivedAt) / 1000);
  }
  return settled && unfit.length > 0
    ? { kind: "parked", parked: unfit, remaining: false }
    : { kind: "settled", requests: 1 };
}
