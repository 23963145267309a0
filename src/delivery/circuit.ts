import type { ContactRef } from "../contact/contact-ref.ts";

/** This many different contacts failing, with no good answer between, mean that the API itself is failing. */
export const failingContactsMax = 10;

/**
 * Notices that the API fails for everybody rather than for one contact. One per destination and process: what several
 * processes share is the pause that the store keeps.
 */
export interface Circuit {
  /** A good answer: the API is there. True when the circuit was open. */
  succeeded(): boolean;
  /** The store let an ordinary request pass: if the circuit was open, another process has found the API well again. */
  passed(): void;
  /**
   * A failed attempt. How often the circuit has been opened in a row, if this attempt opened it or was the probe that it
   * was open for; else 0. Requests that were on the wire when it opened tell nothing new.
   */
  failed(contact: ContactRef, isProbe: boolean): number;
}

export function createCircuit(): Circuit {
  const failing = new Set<ContactRef>();
  let openings = 0;

  function close(): void {
    failing.clear();
    openings = 0;
  }

  return {
    succeeded() {
      const wasOpen = openings > 0;
      close();
      return wasOpen;
    },
    passed() {
      if (openings > 0) close();
    },
    failed(contact, isProbe) {
      if (!isProbe) {
        if (openings > 0) return 0;
        failing.add(contact);
        if (failing.size < failingContactsMax) return 0;
      }
      failing.clear();
      openings += 1;
      return openings;
    },
  };
}
