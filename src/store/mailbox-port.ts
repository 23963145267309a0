import type { FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { Applied } from "../contact/merge.ts";
import type { Priority } from "../contact/priority.ts";

/** One request that was made for a contact, kept as its history (newest last, bounded). */
export interface DeliveryNote {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What came of it: `delivered`, `parked`, … */
  readonly outcome: string;
  readonly status?: number;
  readonly fields: readonly string[];
  readonly eventIds: readonly string[];
}

export interface MailboxState {
  /** In no particular order: order is in their stamps. */
  readonly waiting: readonly ContactUpdate[];
  readonly applied: Applied;
  readonly history: readonly DeliveryNote[];
}

export interface Settlement {
  /** Updates that need no more delivery. Others that came meanwhile stay. */
  readonly done: readonly string[];
  /** Fields that now hold these values at the API; a newer stamp already there stays. */
  readonly applied: Applied;
  readonly note?: DeliveryNote;
  /** What was sent. When none of it waits any more, the contact was erased meanwhile, and nothing is written. */
  readonly sent?: readonly string[];
}

/** What waits for each contact, and what was last applied to it. The only truth about deliveries. */
export interface Mailbox {
  /** Idempotent by update id. One whose event was erased is left out: a run that began before may still come with it. */
  post(updates: readonly ContactUpdate[]): Promise<void>;
  /** The history is left out, empty, for whoever does not need it. */
  read(contact: ContactRef, withHistory?: boolean): Promise<MailboxState>;
  /**
   * Atomic; records that are kept expire `stampRetentionMs` after the contact's last settlement.
   * False when nothing was written, see `Settlement.sent`.
   */
  settle(contact: ContactRef, settlement: Settlement): Promise<boolean>;
  /** What is remembered of these contacts is remembered as long again as after a settlement. */
  remember(contacts: readonly ContactRef[]): Promise<void>;
  /**
   * Contacts with an update that has waited since before `postedBefore` (milliseconds since the epoch), those that have
   * waited longest first, without the first `skip` of them.
   */
  overdue(postedBefore: number, limit: number, skip?: number): Promise<readonly ContactRef[]>;
  /** The highest priority of what waits for each, where that is not the usual one. */
  priorities(contacts: readonly ContactRef[]): Promise<ReadonlyMap<ContactRef, Priority>>;
  /** The events that spoke of the contact. */
  eventIds(contact: ContactRef): Promise<readonly string[]>;
  /** Removes what is kept here about the contact, for good; answers the ids of the events that spoke of it. */
  erase(contact: ContactRef): Promise<readonly string[]>;
}

export interface WakeJobData {
  readonly contact: ContactRef;
  /** Consecutive answers 449, for the doubling of its delay. */
  readonly busy?: number;
  /** Consecutive failed attempts, for the doubling of its delay. */
  readonly failures?: number;
  /** Set before the job fails: what was set aside, one item per piece. */
  readonly parked?: readonly Parked[];
}

/** Something set aside for a person, complete enough to be retried. */
export interface Parked {
  readonly reason: string;
  readonly status?: number;
  /** The API's own words. */
  readonly message?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly attempts: number;
  readonly updates: readonly ContactUpdate[];
  readonly fields?: readonly FieldName[];
}
