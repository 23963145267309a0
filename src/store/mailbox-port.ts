import type { FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { Applied } from "../contact/merge.ts";
import type { Priority } from "../contact/priority.ts";
import type { Overtaken, Person } from "./person.ts";

/** What came of a request, or of updates that needed none: all of them older, or set aside before they were sent. */
export const noteOutcomes = [
  "applied",
  "created",
  "busy",
  "limited",
  "unauthorized",
  "invalid",
  "not-found",
  "taken",
  "refused",
  "failed",
  "superseded",
  "parked",
] as const;
export type NoteOutcome = (typeof noteOutcomes)[number];

/** One line of a contact's history (newest last, bounded): a request to the API, or what was settled without one. */
export interface DeliveryNote {
  /** When it left. Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: NoteOutcome;
  /** This and `status` are absent where no request was made. */
  readonly durationMs?: number;
  /** The API's, or why there was none. */
  readonly status?: number | "network" | "timeout";
  /** The API's own words. */
  readonly message?: string;
  /** What it carried, and the event that each value came from. The values are in the events alone. */
  readonly fields: readonly NotedField[];
  /** Events that were settled with it and had nothing in it: all that they said was older. */
  readonly superseded?: readonly string[];
  /** Why something of it was set aside. */
  readonly parked?: string;
  /** Where that can be found; absent once the store was moved, which gives it another id. */
  readonly parkedId?: string;
}

export interface NotedField {
  readonly field: string;
  /** Absent in lines that were written when only the events of a whole request were kept. */
  readonly eventId?: string;
}

export interface MailboxState {
  /** In no particular order: order is in their stamps. */
  readonly waiting: readonly ContactUpdate[];
  /** The newest of all references of the same person. */
  readonly applied: Applied;
  /** What the API last answered to a request by this reference. */
  readonly contactId?: number;
  /** Other references that it answered with the same id. */
  readonly linked?: readonly ContactRef[];
  readonly history: readonly DeliveryNote[];
}

export interface Settlement {
  /** Updates that need no more delivery. Others that came meanwhile stay. */
  readonly done: readonly string[];
  /** Fields that now hold these values at the API; a newer stamp already there stays. */
  readonly applied: Applied;
  /** Lines for the contact's history, oldest first. */
  readonly notes?: readonly DeliveryNote[];
  /** What was sent. When none of it waits any more, the contact was erased meanwhile, and nothing is written. None: always. */
  readonly sent?: readonly string[];
  /** Whose the reference is, by the API's answer. */
  readonly person?: Person;
}

/** False: erased meanwhile. With `overtaken` nothing is written either, until these are given up. */
export type Settled = boolean | { readonly overtaken: readonly Overtaken[] };

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
  settle(contact: ContactRef, settlement: Settlement): Promise<Settled>;
  /**
   * Before a request by a reference that has linked ones: none of these may have one on the wire for `holdMs`, or until it
   * is settled or released. Answers until when another one has, in milliseconds since the epoch; undefined when it is held.
   * Whoever asks has none on the wire.
   */
  hold(contact: ContactRef, holdMs: number): Promise<number | undefined>;
  release(contact: ContactRef): Promise<void>;
  /** What is remembered of these contacts is remembered as long again as after a settlement. */
  remember(contacts: readonly ContactRef[]): Promise<void>;
  /**
   * Contacts with an update that has waited since before `postedBefore` (milliseconds since the epoch), those that have
   * waited longest first, without the first `skip` of them.
   */
  overdue(postedBefore: number, limit: number, skip?: number): Promise<readonly ContactRef[]>;
  /** The highest priority of what waits for each, where that is not the usual one. */
  priorities(contacts: readonly ContactRef[]): Promise<ReadonlyMap<ContactRef, Priority>>;
  /**
   * The API does not have the contact: until its names exist, whoever learns that one of them does finds by it what waits.
   * Nothing is written where nothing waits.
   * Forgotten like the stamps of a contact.
   */
  awaitContact(contact: ContactRef, names: readonly ContactRef[]): Promise<void>;
  /** The contact is there. */
  forgetAwaiting(contact: ContactRef): Promise<void>;
  /** The contacts that wait for one of these names to exist. */
  awaiting(names: readonly ContactRef[]): Promise<readonly ContactRef[]>;
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
  /** Tries in a row at which the API did not have the contact, and when what waits for it has waited for too long. */
  readonly missing?: number;
  readonly expiresAt?: number;
  /** What a creation may have written without an answer. */
  readonly wrote?: Applied;
  /** The contact was created just now, and the API asks for a pause: nothing wakes it before. */
  readonly created?: true;
  /** When it is its turn among the many that are missing. */
  readonly turnAt?: number;
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
