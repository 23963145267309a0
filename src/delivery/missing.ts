import { patchEntries, type ContactPatch } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates, type Applied } from "../contact/merge.ts";
import { wakesFor } from "../store/wakes.ts";
import { newestFirstName } from "./first-name.ts";
import { asFirstNamed, namesOf, nextAddress, renamedAddress } from "../contact/next-address.ts";
import {
  park,
  readForRequest,
  settleApplied,
  standBack,
  waitForOther,
  waitOrPark,
  type Run,
} from "./outcomes.ts";
import { parkedItem, reasonOfRefusal, type Refused } from "./records.ts";
import { retryDelayMs } from "./retry-schedule.ts";
import type { Delivery } from "./delivery.ts";

/** So many tries of its own schedule a contact has that the API does not know; then it takes turns with the others. */
export const youngTries = 4;

/**
 * What becomes of updates for a contact that the API does not have: they go to the mailbox of the next identifier that
 * they carry, or of the one that the contact has been given since. Those without any are parked, wait until the contact
 * appears by another way, or have it created, as the policy says.
 */
export async function whenMissing(
  contact: ContactRef,
  answer: Refused,
  updates: readonly ContactUpdate[],
  run: Run,
): Promise<Delivery> {
  const { delivery, journal } = run;
  const { applied, linked = [] } = await delivery.mailbox.read(contact, false);
  // One that has joined meanwhile waits for what this one might have on the wire.
  if (linked.length > 0) await delivery.mailbox.release(contact);
  const isStuck = updates.some((update) => nextAddress(update) === undefined);
  const renamed = isStuck ? await delivery.renamedTo(contact, applied, linked) : undefined;
  const moved: [from: ContactUpdate, to: ContactUpdate][] = [];
  const left: ContactUpdate[] = [];
  for (const update of updates) {
    const next = nextAddress(update) ?? (renamed && renamedAddress(newerPart(update, applied), renamed));
    if (next) moved.push([update, next]);
    else left.push(update);
  }
  await readdress(contact, moved, run);
  if (left.length === 0) {
    const done = updates.map(({ id }) => id);
    await delivery.mailbox.settle(contact, { done, applied: {}, sent: done, notes: journal.take() });
    return { kind: "readdressed" };
  }
  if (moved.length > 0) {
    const done = moved.map(([{ id }]) => id);
    await delivery.mailbox.settle(contact, { done, applied: {}, sent: done });
  }
  switch (delivery.policy.missing) {
    case "park":
      return await parkMissing(contact, answer, left, run);
    case "wait":
      return await awaitContact(contact, answer, left, run);
    case "create":
      return await createContact(contact, answer, left, run);
  }
}

/** A contact that has waited for too long is set aside without another request; undefined when there is none such. */
export async function parkExpired(contact: ContactRef, run: Run): Promise<Delivery | undefined> {
  const { delivery } = run;
  const { waiting } = await delivery.mailbox.read(contact, false);
  const tooOld = tooOldOf(waiting, run);
  if (tooOld.length === 0) return undefined;
  const message = "the API did not have the contact whenever it was asked";
  const answer: Refused = { kind: "not-found", status: 404, message };
  return await parkMissing(contact, answer, tooOld, run, waiting.length);
}

/** Durable at the other identifier first. What is erased meanwhile is not carried on. */
async function readdress(
  contact: ContactRef,
  moved: readonly (readonly [from: ContactUpdate, to: ContactUpdate])[],
  { delivery }: Run,
): Promise<void> {
  if (moved.length === 0) return;
  const { waiting } = await delivery.mailbox.read(contact, false);
  const ids = new Set(waiting.map(({ id }) => id));
  const carried = moved.flatMap(([{ id }, to]) =>
    ids.has(id) && patchEntries(to.patch).length > 0 ? [to] : [],
  );
  if (carried.length === 0) return;
  await delivery.mailbox.post(carried);
  await delivery.wake(wakesFor(carried));
  if (delivery.policy.missing !== "park") await delivery.wakeMissing(namesBroughtFor(carried));
}

/** Contacts that may be created or found now: a `firstName` or another name came for them. */
export function namesBroughtFor(updates: readonly ContactUpdate[]): ContactRef[] {
  const brings = (update: ContactUpdate) =>
    typeof update.patch.firstName === "string" || nextAddress(update) !== undefined;
  return [...new Set(updates.filter(brings).map(({ contact }) => contact))];
}

/** Without the fields of which a newer value was applied while the contact had its former name. */
function newerPart(update: ContactUpdate, applied: Applied): ContactUpdate {
  return { ...update, patch: mergeUpdates([update], applied).patch };
}

function tooOldOf(updates: readonly ContactUpdate[], { delivery }: Run): ContactUpdate[] {
  const { clock, policy } = delivery;
  return updates.filter(({ receivedAt }) => clock() - receivedAt > policy.maxAgeMs);
}

async function parkMissing(
  contact: ContactRef,
  answer: Refused,
  left: readonly ContactUpdate[],
  run: Run,
  waiting = left.length,
): Promise<Delivery> {
  const { delivery, attempts, journal } = run;
  const tries = attempts.busy + attempts.failures + (attempts.missing ?? 0) + 1;
  const reason = answer.kind === "invalid" ? "contact-not-found" : reasonOfRefusal(answer);
  const item = parkedItem(left.map(asFirstNamed), reason, delivery.clock(), tries, answer);
  journal.setAside(item, true);
  return await park(contact, [item], left, run, waiting);
}

/** Whoever makes the contact, or brings what is needed to make it, finds it by the mark. */
async function awaitContact(
  contact: ContactRef,
  answer: Refused,
  left: readonly ContactUpdate[],
  run: Run,
): Promise<Delivery> {
  const { delivery, attempts, journal } = run;
  const { mailbox, policy, clock } = delivery;
  const tooOld = tooOldOf(left, run);
  if (tooOld.length > 0) return await parkMissing(contact, answer, tooOld, run, left.length);
  await mailbox.awaitContact(contact, [...new Set([contact, ...left.flatMap(namesOf)])]);
  const { waiting, applied } = await mailbox.read(contact, false);
  await journal.write(mailbox, contact, left);
  const missing = (attempts.missing ?? 0) + 1;
  // What came before the mark was set was told nobody.
  const canBeCreated = policy.missing === "create" && creationOf(contact, waiting, applied) !== undefined;
  const delayMs = canBeCreated ? 0 : retryDelayMs(policy.busy, missing, undefined, delivery.random());
  const oldest = Math.min(clock(), ...left.map(({ receivedAt }) => receivedAt));
  return {
    kind: "wait",
    because: "missing",
    delayMs: Math.min(delayMs, Math.max(0, oldest + policy.maxAgeMs + 1 - clock())),
    attempts: {
      busy: 0,
      failures: 0,
      missing,
      expiresAt: oldest + policy.maxAgeMs + 1,
      ...(attempts.wrote ? { wrote: attempts.wrote } : {}),
    },
    message: `${answer.status}: ${answer.message}`,
  };
}

/** Makes the contact exist and nothing more: its values go by the ordinary request, which alone settles. */
async function createContact(
  contact: ContactRef,
  answer: Refused,
  left: readonly ContactUpdate[],
  run: Run,
): Promise<Delivery> {
  const { delivery, attempts, journal } = run;
  const { mailbox, policy } = delivery;
  // An id is the API's own: nobody can be created by one.
  if (contact.startsWith("id:")) return await parkMissing(contact, answer, left, run);
  const hasTried = (attempts.missing ?? 0) > 0;
  if (hasTried && tooOldOf(left, run).length > 0) return await awaitContact(contact, answer, left, run);
  let creation: Creation | undefined;
  let heldUntil: number | undefined;
  const runAfter = () => ({
    ...run,
    attempts: { ...attempts, ...(creation && { wrote: creation.origins }) },
  });
  for (const alone of [false, true]) {
    const created = await delivery.create(
      contact,
      delivery.signal,
      async () => {
        const state = await readForRequest(contact, delivery);
        heldUntil = typeof state === "number" ? state : undefined;
        if (typeof state === "number") return undefined;
        const { waiting, applied } = state;
        const next = creationOf(contact, waiting, applied, alone);
        creation = next ?? creation;
        if (next) await delivery.creating(next.origins);
        return next?.patch;
      },
      (request) => journal.made({ ...request, isCreation: true }, creation?.origins ?? {}),
    );
    switch (created.kind) {
      case "interrupted":
        await journal.write(mailbox, contact, left);
        return { kind: "interrupted" };
      case "nothing-to-send":
        if (heldUntil !== undefined) return waitForOther(heldUntil, runAfter());
        return await awaitContact(contact, answer, left, runAfter());
      case "ok": {
        // It may have found somebody, and have written over something newer.
        const ids = left.map(({ id }) => id);
        const settlement = { done: [], applied: {}, sent: ids, notes: journal.take() };
        const wrote = creation?.origins ?? {};
        await settleApplied(contact, created.contactId, settlement, left, { ...delivery, wrote });
        const missing = (attempts.missing ?? 0) + 1;
        // The vendor asks for a pause after a creation.
        const delayMs = Math.max(
          policy.busy.firstMs,
          retryDelayMs(policy.busy, missing, undefined, delivery.random()),
        );
        const message = "the contact was created";
        // Its next try is nobody else's turn.
        const next = {
          busy: 0,
          failures: 0,
          missing: Math.min(missing, youngTries - 1),
          created: true,
        } as const;
        return { kind: "wait", because: "created", delayMs, attempts: next, message };
      }
      case "busy":
      case "unavailable":
        return await waitOrPark(contact, created, left, runAfter());
      case "set-aside":
        return await standBack(contact, created, left, runAfter());
      case "taken":
        return await linkTo(contact, created.contactId, left, run);
      case "invalid":
        // One of the other identifiers may be what is refused.
        if (alone) return await parkMissing(contact, created, left, run);
        break;
      case "not-found":
      case "refused":
        return await parkMissing(contact, created, left, run);
    }
  }
  return await awaitContact(contact, answer, left, runAfter());
}

/** What the API says is another contact's belongs to that one. */
async function linkTo(
  contact: ContactRef,
  contactId: number,
  left: readonly ContactUpdate[],
  run: Run,
): Promise<Delivery> {
  const { delivery, journal } = run;
  const moved = left.flatMap((update) => {
    const to = renamedAddress(update, `id:${contactId}`);
    return to ? [[update, to] as const] : [];
  });
  await readdress(contact, moved, run);
  const done = left.map(({ id }) => id);
  await delivery.mailbox.settle(contact, { done, applied: {}, sent: done, notes: journal.take() });
  return { kind: "readdressed" };
}

interface Creation {
  readonly patch: ContactPatch;
  readonly origins: Applied;
}

/**
 * `firstName`, which the API insists on, and the identifiers. Undefined as long as nobody has brought a name: one that is
 * made up would stay.
 *
 * @param alone without the identifiers that do not name the contact itself
 */
function creationOf(
  contact: ContactRef,
  waiting: readonly ContactUpdate[],
  applied: Applied,
  alone = false,
): Creation | undefined {
  const named = newestFirstName(waiting, applied);
  const firstName = named?.patch.firstName;
  if (!named || typeof firstName !== "string") return undefined;
  const { patch, origins } = mergeUpdates(waiting, {});
  const colon = contact.indexOf(":");
  const own = { [contact.slice(0, colon)]: contact.slice(colon + 1) };
  const kinds = alone ? [] : (["phone", "email"] as const);
  const carried = kinds.filter((kind) => typeof patch[kind] === "string");
  return {
    patch: { firstName, ...Object.fromEntries(carried.map((kind) => [kind, patch[kind]])), ...own },
    origins: {
      firstName: { stamp: named.stamp, eventId: named.eventId },
      ...Object.fromEntries(carried.map((kind) => [kind, origins[kind]])),
    },
  };
}
