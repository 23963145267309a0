import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { isHigher, type Priority } from "../contact/priority.ts";

/** A contact that is to be woken. */
export interface Wake {
  readonly contact: ContactRef;
  /** The highest of what waits for it. */
  readonly priority: Priority;
  /** A wake-up with a lower one may be waiting: it moves forward. */
  readonly raises: boolean;
}

/** How many wake-ups of each of the lower priorities. */
export interface Shares {
  readonly normal: number;
  readonly low: number;
}

/** Whom to wake for these updates, as far as they tell. */
export function wakesFor(updates: readonly Pick<ContactUpdate, "contact" | "priority">[]): Wake[] {
  const highest = new Map<ContactRef, Priority>();
  for (const { contact, priority = "normal" } of updates) {
    const held = highest.get(contact);
    if (held === undefined || isHigher(priority, held)) highest.set(contact, priority);
  }
  return [...highest].map(([contact, priority]) => wakeOf(contact, priority));
}

/** The same for one contact, of which nothing else is known. */
export function wakeOf(contact: ContactRef, priority: Priority): Wake {
  return { contact, priority, raises: priority !== "low" };
}

/**
 * BullMQ takes jobs by a number, the smallest first; 0, which jobs of before have, comes before all. What was let
 * forward because it had waited for its share keeps its class.
 */
const numbers = { high: 3, normal: 4, low: 5 } as const;
export const forwardNumbers = { normal: 1, low: 2 } as const;

export function jobNumber(priority: Priority): number {
  return numbers[priority];
}

/** What a job's number says of it. */
export function readJobNumber(number = 0): { priority: Priority; forward: boolean } {
  switch (number) {
    case numbers.high:
      return { priority: "high", forward: false };
    case numbers.low:
      return { priority: "low", forward: false };
    case forwardNumbers.normal:
      return { priority: "normal", forward: true };
    case forwardNumbers.low:
      return { priority: "low", forward: true };
    default:
      return { priority: "normal", forward: false };
  }
}

/** The id under which a piece that a failed wake-up has set aside is listed. */
export function parkedId(jobId: string | undefined, index: number): string {
  return `dlv_${jobId ?? ""}.${index}`;
}
