import type { ContactRef } from "../contact/contact-ref.ts";

/** A second, and a little for what the way to the API adds and takes away. */
const windowMs = 1_015;

/**
 * The rate of the requests to one contact: the API counts them by method and path. One per process; there is never more
 * than one request of a contact on the wire.
 */
export interface ContactPace {
  readonly perSecond: number;
  /** How long the next request to this contact has to wait, in milliseconds; 0 when it may leave now. */
  delayMs(contact: ContactRef): number;
  /** A request to it is over: it reached the API now at the latest. */
  over(contact: ContactRef): void;
}

/** @param perSecond requests per second to any one contact */
export function createContactPace(perSecond: number, clock: () => number): ContactPace {
  const perWindow = Math.max(1, Math.floor(perSecond));
  const spanMs = (windowMs * perWindow) / perSecond;
  // Two generations, so that forgetting costs nothing: what is in neither was over longer ago than a span.
  let current = new Map<ContactRef, number[]>();
  let before = new Map<ContactRef, number[]>();
  let turnedAt = clock();

  function turn(): void {
    const sinceMs = clock() - turnedAt;
    if (sinceMs >= 0 && sinceMs < spanMs) return;
    // A clock that was set back must not hold anybody up.
    before = sinceMs >= 0 && sinceMs < 2 * spanMs ? current : new Map();
    current = new Map();
    turnedAt = clock();
  }

  function endings(contact: ContactRef): readonly number[] {
    return [...(before.get(contact) ?? []), ...(current.get(contact) ?? [])];
  }

  return {
    perSecond,
    delayMs(contact) {
      turn();
      const oldest = endings(contact).at(-perWindow);
      return oldest === undefined ? 0 : Math.min(spanMs, Math.max(0, oldest + spanMs - clock()));
    },
    over(contact) {
      turn();
      const times = current.get(contact);
      if (times) times.push(clock());
      else current.set(contact, [clock()]);
    },
  };
}
