import type { ContactRef } from "../contact/contact-ref.ts";

/** This many different contacts failing, with no good answer between, mean that the API itself is failing. */
export const failingContactsMax = 10;

/** Notices that the API fails for everybody rather than for one contact. One per destination and process. */
export interface Circuit {
  /** A good answer: the API is there. True when the circuit was open. */
  succeeded(): boolean;
  /** A failed attempt. The number of openings so far when the circuit is open, else 0. */
  failed(contact: ContactRef): number;
}

export function createCircuit(): Circuit {
  const failing = new Set<ContactRef>();
  let openings = 0;
  return {
    succeeded() {
      const wasOpen = openings > 0;
      failing.clear();
      openings = 0;
      return wasOpen;
    },
    failed(contact) {
      failing.add(contact);
      if (failing.size >= failingContactsMax || openings > 0) openings += 1;
      if (openings > 0) failing.clear();
      return openings;
    },
  };
}
