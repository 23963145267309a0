import { patchEntries, type FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates, type Applied } from "../contact/merge.ts";
import type { Parked } from "../store/store.ts";
import type { ContactDelivery, Delivery } from "./delivery.ts";
import { divide } from "./divide.ts";
import { newestFirstName, withFirstName } from "./first-name.ts";
import type { Fitting } from "./fitting.ts";
import { whenMissing } from "./missing.ts";
import { park, readForNext, settleApplied, standBack, total, waitOrPark, type Run } from "./outcomes.ts";
import { pieceOf } from "./pieces.ts";
import { parkedItem, type Refused } from "./records.ts";
import type { SenderAnswer } from "./send.ts";

type Taken = Extract<SenderAnswer, { kind: "taken" }>;

/** Finds what the API refuses, field by field; good fields are applied, bad ones parked. */
export async function dividedOrWaiting(
  contact: ContactRef,
  answer: Refused,
  updates: readonly ContactUpdate[],
  run: Run,
  address: ContactRef = contact,
  asideOf: (applied: Applied) => readonly Parked[] = () => [],
  fitted: readonly ContactUpdate[] = updates,
): Promise<Delivery> {
  const { journal } = run;
  const delivery = sendingTo(address, run.delivery);
  const division = await divide(contact, fitted, answer, delivery, journal);
  if (division.kind === "interrupted") {
    await journal.write(delivery.mailbox, contact, updates);
    return { kind: "interrupted" };
  }
  if (division.kind === "stopped") {
    return division.answer.kind === "set-aside"
      ? await standBack(contact, division.answer, updates, run)
      : await waitOrPark(contact, division.answer, updates, run);
  }
  const { applied } = await delivery.mailbox.read(contact, false);
  const aside = asideOf(applied);
  for (const item of aside) journal.setAside(item, false);
  return await park(contact, [...aside, ...division.parked], updates, run);
}

/**
 * The phone or e-mail of an update is another contact's: it is set aside with that one's id, and everything else is sent
 * once more. Nobody is merged here.
 */
export async function withoutTaken(
  contact: ContactRef,
  answer: Taken,
  updates: readonly ContactUpdate[],
  run: Run,
  address: ContactRef,
  fitting: Fitting,
): Promise<Delivery> {
  const { delivery, attempts, journal } = run;
  const { mailbox, policy, clock } = delivery;
  const fitted = fitting.fitted();
  const { applied } = await mailbox.read(contact, false);
  const merged = mergeUpdates(fitted, applied);
  const found = new Map<FieldName, Taken>();
  let last: SenderAnswer | { kind: "nothing-to-send" } | { kind: "interrupted" } = answer;
  let origins: Applied = {};
  while (last.kind === "taken") {
    const field = takenField(address, merged.patch, last, found);
    // Another value of the field that waits may be nobody's: then each update is sent by itself.
    const carrying = fitted.filter((update) => field && mergeUpdates([update], applied).origins[field]);
    if (field === undefined || carrying.length > 1) {
      return await dividedOrWaiting(contact, last, updates, run, address, fitting.unfit, fitted);
    }
    found.set(field, last);
    last = await delivery.send(
      address,
      delivery.signal,
      async () => {
        const state = await readForNext(contact, delivery);
        const ids = new Set(state.waiting.map(({ id }) => id));
        const still = fitted.filter(({ id }) => ids.has(id)).map((update) => without(update, found));
        let rest = mergeUpdates(still, state.applied);
        const name = policy.requireFirstName ? newestFirstName(still, state.applied) : undefined;
        if (patchEntries(rest.patch).length > 0 && name) rest = withFirstName(name, rest);
        origins = rest.origins;
        return patchEntries(rest.patch).length > 0 ? rest.patch : undefined;
      },
      (request) => journal.made(request, origins),
    );
  }
  const parked = (own: number | undefined): Parked[] =>
    [...found].flatMap(([field, taken]) => {
      const origin = merged.origins[field];
      const update = updates.find((one) => one.stamp === origin?.stamp && Object.hasOwn(one.patch, field));
      if (!update) return [];
      const isTwo = own !== undefined && own !== taken.contactId;
      const said = { ...taken, message: takenText(field, taken, own) };
      const reason = isTwo ? "two-contacts" : "already-connected";
      return [parkedItem([pieceOf(update, [field])], reason, clock(), total(attempts) + 1, said, [field])];
    });
  switch (last.kind) {
    case "interrupted":
      await journal.write(mailbox, contact, updates);
      return { kind: "interrupted" };
    case "set-aside":
      return await standBack(contact, last, updates, run);
    case "busy":
    case "unavailable":
      return await waitOrPark(contact, last, updates, run);
    case "nothing-to-send": {
      const aside = [...parked(undefined), ...fitting.unfit()];
      for (const item of aside) journal.setAside(item, true);
      return await park(contact, aside, updates, run);
    }
    case "ok": {
      const aside = [...parked(last.contactId), ...fitting.unfit(origins)];
      const rest = updates.map(({ id }) => id);
      const notes = journal.take();
      for (const item of aside) journal.setAside(item, false);
      const settlement = { done: [], sent: rest, applied: origins, notes };
      const settled = await settleApplied(contact, last.contactId, settlement, updates, delivery);
      return settled ? await park(contact, aside, updates, run) : { kind: "settled", requests: 2 };
    }
    case "not-found":
      return await whenMissing(contact, last, updates, run);
    case "invalid":
    case "refused": {
      const aside = (now: Applied) => [...parked(undefined), ...fitting.unfit(now)];
      const left = fitted.map((update) => without(update, found));
      return await dividedOrWaiting(contact, last, updates, run, address, aside, left);
    }
  }
}

/** Which of the identifying fields it is: the only one there is, else the one that the API's words name. */
function takenField(
  address: ContactRef,
  patch: ContactUpdate["patch"],
  { message }: Taken,
  found: ReadonlyMap<FieldName, Taken>,
): "phone" | "email" | undefined {
  const candidates = (["phone", "email"] as const).filter((field) => {
    const value = patch[field];
    return typeof value === "string" && `${field}:${value}` !== address && !found.has(field);
  });
  if (candidates.length < 2) return candidates[0];
  const named = candidates.filter((field) => new RegExp(field, "i").test(message.replaceAll("-", "")));
  return named.length === 1 ? named[0] : undefined;
}

function takenText(field: FieldName, { contactId, message }: Taken, own: number | undefined): string {
  const whose = `the ${field} is that of contact ${contactId}`;
  const other =
    own === undefined || own === contactId
      ? "look which of the two is right, then retry or drop it"
      : `this is contact ${own}: merge the two at the API if they are one person, then retry; else drop it`;
  return `${whose}; ${other} (${message})`;
}

function without(update: ContactUpdate, fields: ReadonlyMap<FieldName, unknown>): ContactUpdate {
  const entries = patchEntries(update.patch).filter(([field]) => !fields.has(field));
  return { ...update, patch: Object.fromEntries(entries) };
}

function sendingTo(address: ContactRef, delivery: ContactDelivery): ContactDelivery {
  return { ...delivery, send: (_contact, ...rest) => delivery.send(address, ...rest) };
}
