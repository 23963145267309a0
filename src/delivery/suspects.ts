import type { ContactRef } from "../contact/contact-ref.ts";
import type { PauseReason } from "../store/store.ts";

const suspectsMax = 10_000;

interface Suspect {
  readonly met: PauseReason;
  /** How often nobody else met it. */
  alone: number;
}

/**
 * Tells answers that concern everybody from those that one contact meets alone: a firewall that refuses its content, a
 * limit of its own path, a field that makes the API fail. Whoever met such an answer is a suspect until it is answered
 * well; it was alone with it when the next contact that is asked for later is answered well. One per destination and
 * process.
 */
export interface Suspects {
  /** A contact was answered so. True when another contact was too, and none well since. */
  met(contact: ContactRef, answer: PauseReason): boolean;
  /** How often in a row the contact was alone with this answer. */
  alone(contact: ContactRef, answer: PauseReason): number;
  /**
   * A contact was answered well by a request that left at `leftAt`. Answers what another contact has now been alone with
   * for the second time.
   */
  answered(contact: ContactRef, leftAt: number): readonly PauseReason[];
  /** Whether a request that left at `since` or later was answered well. */
  answeredSince(since: number): boolean;
}

export function createSuspects(clock: () => number): Suspects {
  const suspects = new Map<ContactRef, Suspect>();
  /** Those of which it is not known yet, and when they met it. */
  const open = new Map<ContactRef, { readonly answer: PauseReason; readonly at: number }>();
  let leftLast = Number.NEGATIVE_INFINITY;

  function isShared(contact: ContactRef, answer: PauseReason): boolean {
    for (const [other, met] of open) if (other !== contact && met.answer === answer) return true;
    return false;
  }

  return {
    met(contact, answer) {
      const suspect = suspects.get(contact);
      suspects.delete(contact);
      suspects.set(contact, suspect?.met === answer ? suspect : { met: answer, alone: 0 });
      const oldest = suspects.size > suspectsMax ? suspects.keys().next().value : undefined;
      if (oldest !== undefined) {
        suspects.delete(oldest);
        open.delete(oldest);
      }
      open.set(contact, { answer, at: clock() });
      return isShared(contact, answer);
    },
    alone(contact, answer) {
      const suspect = suspects.get(contact);
      return suspect?.met === answer ? suspect.alone : 0;
    },
    answered(contact, leftAt) {
      leftLast = Math.max(leftLast, leftAt);
      if (suspects.size === 0) return [];
      suspects.delete(contact);
      open.delete(contact);
      const again: PauseReason[] = [];
      const decided = [...open].filter(([, met]) => met.at <= leftAt);
      for (const [other, { answer }] of decided) {
        const suspect = suspects.get(other);
        // A refused token or a reached limit that several have met is everybody's; that the API fails may be each one's own.
        if (!suspect || (answer !== "failing" && isShared(other, answer))) continue;
        suspect.alone += 1;
        if (suspect.alone === 2) again.push(answer);
      }
      for (const [other] of decided) open.delete(other);
      return again;
    },
    answeredSince: (since) => leftLast >= since,
  };
}
