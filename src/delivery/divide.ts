import { patchEntries, type ContactPatch, type FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { mergeUpdates } from "../contact/merge.ts";
import { compareStamps } from "../contact/stamp.ts";
import type { Parked } from "../store/store.ts";
import type { ContactDelivery } from "./delivery.ts";
import { newestFirstName, withFirstName } from "./first-name.ts";
import type { Journal } from "./journal.ts";
import { readForNext, settleApplied } from "./outcomes.ts";
import { partOf, pieceOf } from "./pieces.ts";
import { parkedItem, reasonOfRefusal, type Refused } from "./records.ts";
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
  journal: Journal,
): Promise<Division> {
  const { applied } = await delivery.mailbox.read(contact, false);
  const firstName = delivery.policy.requireFirstName ? newestFirstName(updates, applied) : undefined;
  const parked: Parked[] = [];
  const pieces: Piece[] = [];
  let requests = 1;

  function refuse(piece: Piece, refusal: Refused): void {
    const halves = halve(piece);
    if (halves.length > 0) pieces.unshift(...halves);
    else setAside(piece, refusal, true);
  }

  function setAside(piece: Piece, refusal: Refused, isAnswered: boolean): void {
    const item = pieceOf(piece.update, piece.fields);
    const beside = firstName && !piece.fields.includes("firstName") ? [firstName] : [];
    const items = [...beside, item];
    const reason = reasonOfRefusal(refusal);
    const aside = parkedItem(items, reason, delivery.clock(), requests, refusal, piece.fields);
    parked.push(aside);
    journal.setAside(aside, isAnswered);
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
      setAside(piece, lastRefusal, false);
      continue;
    }
    const current = partOf(piece.update, piece.fields);
    let tried = mergeUpdates([], {});
    const answer = await delivery.send(
      contact,
      delivery.signal,
      async () => {
        const state = await readForNext(contact, delivery);
        tried = mergeUpdates([current], state.applied);
        const waits = state.waiting.some((update) => update.id === current.id);
        if (!waits || fieldsOf(tried.patch).length === 0) return undefined;
        if (firstName) tried = withFirstName(firstName, tried);
        return tried.patch;
      },
      (request) => journal.made(request, tried.origins),
    );
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
        await settleApplied(
          contact,
          answer.contactId,
          {
            done: [],
            sent: [current.id],
            applied: mergeUpdates([current], {}).origins,
            notes: journal.take(),
          },
          [current],
          delivery,
        );
        break;
      case "invalid":
      case "taken":
        requests += 1;
        // Whose a phone is says nothing of what else is refused.
        if (answer.kind === "invalid") lastRefusal = answer;
        refuse(piece, answer);
        break;
      case "not-found":
      case "refused":
        requests += 1;
        lastRefusal = answer;
        setAside(piece, answer, true);
    }
  }
  return { kind: "divided", parked };
}

function fieldsOf(patch: ContactPatch): FieldName[] {
  return patchEntries(patch).map(([field]) => field);
}

function halve(piece: Piece): Piece[] {
  if (piece.fields.length < 2) return [];
  const middle = Math.ceil(piece.fields.length / 2);
  return [
    { update: piece.update, fields: piece.fields.slice(0, middle) },
    { update: piece.update, fields: piece.fields.slice(middle) },
  ];
}
