import { createHash } from "node:crypto";
import { patchEntries, type ContactPatch, type FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates } from "../contact/merge.ts";
import { compareStamps } from "../contact/stamp.ts";
import type { Parked } from "../store/store.ts";
import type { ContactDelivery } from "./delivery.ts";
import { newestFirstName } from "./first-name.ts";
import { deliveredNote, parkedItem, reasonOfRefusal, type Refused } from "./records.ts";
import type { SenderAnswer } from "./send.ts";

/** One refused request is looked into with at most this many requests; what is undivided then is parked whole. */
export const divisionRequestsMax = 20;

export type Division =
  /** Everything was applied, superseded, or is in `parked`, one item per piece. Still to be settled. */
  | { kind: "divided"; parked: readonly Parked[] }
  /** The API stopped giving good answers half-way; what was applied is settled, the rest still waits. */
  | { kind: "stopped"; answer: Extract<SenderAnswer, { kind: "busy" | "unavailable" | "set-aside" }> }
  | { kind: "interrupted" };

/** Some fields of one update. */
interface Piece {
  readonly update: ContactUpdate;
  readonly fields: readonly FieldName[];
}

/**
 * Finds the fields the API refuses: merged updates are sent one by one, oldest first; one that is refused is
 * halved until single fields are left. Good fields are applied and settled at once; bad ones are returned.
 *
 * @param refused the API's answer to all of `updates` in one request
 */
export async function divide(
  contact: ContactRef,
  updates: readonly ContactUpdate[],
  refused: Refused,
  delivery: ContactDelivery,
): Promise<Division> {
  const { applied } = await delivery.mailbox.read(contact, false);
  const firstName = delivery.policy.requireFirstName ? newestFirstName(updates, applied) : undefined;
  const parked: Parked[] = [];
  const pieces: Piece[] = [];
  let requests = 1;

  function refuse(piece: Piece, refusal: Refused): void {
    const halves = halve(piece);
    if (halves.length > 0) pieces.unshift(...halves);
    else setAside(piece, refusal);
  }

  function setAside(piece: Piece, refusal: Refused): void {
    const partial = partOf(piece);
    const item = { ...partial, id: `${partial.id}/${shortName(piece.fields)}` };
    const beside = firstName && !piece.fields.includes("firstName") ? [firstName] : [];
    const items = [...beside, item];
    const reason = reasonOfRefusal(refusal);
    parked.push(parkedItem(items, reason, delivery.clock(), requests, refusal, piece.fields));
  }

  const effective = [...updates]
    .sort((a, b) => compareStamps(a.stamp, b.stamp))
    .map((update): Piece => ({ update, fields: fieldsOf(mergeUpdates([update], applied).patch) }))
    .filter((piece) => piece.fields.length > 0);
  const [only, ...others] = effective;
  if (only && others.length === 0) refuse(only, refused);
  else pieces.push(...effective);

  let lastRefusal = refused;
  for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
    if (requests >= divisionRequestsMax) {
      setAside(piece, lastRefusal);
      continue;
    }
    const current = partOf(piece);
    let tried: ContactPatch = {};
    const answer = await delivery.send(contact, delivery.signal, async () => {
      const state = await delivery.mailbox.read(contact, false);
      tried = mergeUpdates([current], state.applied).patch;
      const waits = state.waiting.some((update) => update.id === current.id);
      if (!waits || fieldsOf(tried).length === 0) return undefined;
      return { ...firstName?.patch, ...tried };
    });
    switch (answer.kind) {
      case "interrupted":
        return { kind: "interrupted" };
      case "set-aside":
      case "busy":
      case "unavailable":
        return { kind: "stopped", answer };
      case "nothing-to-send":
        break;
      case "ok":
        requests += 1;
        await delivery.mailbox.settle(contact, {
          done: [],
          sent: [current.id],
          applied: mergeUpdates([current], {}).origins,
          note: deliveredNote(delivery.clock(), "delivered in part", answer.status, tried, [current]),
        });
        break;
      case "invalid":
        requests += 1;
        lastRefusal = answer;
        refuse(piece, answer);
        break;
      case "not-found":
      case "refused":
        requests += 1;
        lastRefusal = answer;
        setAside(piece, answer);
    }
  }
  return { kind: "divided", parked };
}

function fieldsOf(patch: ContactPatch): FieldName[] {
  return patchEntries(patch).map(([field]) => field);
}

/** Field names are as long as people like; an id is a key, and keys are not. */
function shortName(fields: readonly FieldName[]): string {
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex").slice(0, 16);
}

function halve(piece: Piece): Piece[] {
  if (piece.fields.length < 2) return [];
  const middle = Math.ceil(piece.fields.length / 2);
  return [
    { update: piece.update, fields: piece.fields.slice(0, middle) },
    { update: piece.update, fields: piece.fields.slice(middle) },
  ];
}

function partOf(piece: Piece): ContactUpdate {
  const entries = patchEntries(piece.update.patch).filter(([field]) => piece.fields.includes(field));
  return { ...piece.update, patch: Object.fromEntries(entries) };
}
