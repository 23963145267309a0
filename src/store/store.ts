import type { Job } from "bullmq";
import type { FieldName } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate, MappingReport, MappingWarning, RelayEvent } from "../contact/event.ts";
import type { Applied } from "../contact/merge.ts";
import type { Archive } from "./archive-port.ts";

export type Engine = "embedded" | "postgres" | "redis";

export interface Acceptance {
  /** The id under which the event is kept: the first one's for a duplicate. */
  readonly id: string;
  readonly duplicate: boolean;
}

/** What became of mapping an event: the result of its job. */
export type EventResult =
  | {
      outcome: "mapped";
      updates: readonly ContactUpdate[];
      warnings: readonly MappingWarning[];
      report?: MappingReport;
    }
  | { outcome: "ignored"; reason: string; warnings: readonly MappingWarning[]; report?: MappingReport }
  | { outcome: "erased" };

export type EventState = "waiting" | "active" | "delayed" | "failed" | "completed";

export interface EventRecord {
  readonly event: RelayEvent;
  readonly state: EventState;
  readonly attempts: number;
  readonly result?: EventResult;
  /** Why mapping failed. The payload is kept for a replay. */
  readonly failure?: string;
  /** Of a delayed one, what it waits for, as its worker noted it by the job's progress. */
  readonly waitsFor?: string;
}

/** One line of a list of events: everything but the payload. */
export interface EventSummary extends Omit<RelayEvent, "identity" | "attributes" | "payload"> {
  readonly state: EventState;
  /** Of an event that is done. */
  readonly outcome?: string;
  readonly reason?: string;
  readonly contacts: readonly ContactRef[];
}

export interface EventFilter {
  readonly source?: string;
  readonly state?: EventState;
}

export interface EventPage {
  readonly items: readonly EventSummary[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** The accepted events: the `events` queue seen as a record. */
export interface EventLog {
  /**
   * Stores a batch durably and hands it to the `events` queue, in one step, all or none.
   * An event whose source and identity were seen within the retention window is a duplicate.
   * Rejects when the store cannot take it; repeating the call is then harmless.
   */
  accept(events: readonly RelayEvent[]): Promise<readonly Acceptance[]>;
  find(id: string): Promise<EventRecord | undefined>;
  /** Events by state, newest first within each. `cursor` comes from the page before. */
  list(filter: EventFilter, limit: number, cursor?: string): Promise<EventPage>;
  /** Events that wait to be mapped, oldest first; fewer than `limit` where they are large. */
  waiting(limit: number): Promise<readonly RelayEvent[]>;
  /**
   * Maps a finished or failed event again with the current mapping, as its next run: newer than its own earlier one,
   * not than newer events. False when there is no such event, it has not finished yet, or its payload is gone.
   */
  replay(id: string): Promise<boolean>;
  /** Forgets an event's payload and result, but keeps refusing its duplicates. One that still waits ends as erased. */
  erase(ids: readonly string[]): Promise<void>;
}

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
  read(contact: ContactRef): Promise<MailboxState>;
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
  /** The events that spoke of the contact. */
  eventIds(contact: ContactRef): Promise<readonly string[]>;
  /** Removes what is kept here about the contact, for good; answers the ids of the events that spoke of it. */
  erase(contact: ContactRef): Promise<readonly string[]>;
}

/** Why the destination is paused. */
export type PauseReason = "limited" | "unauthorized" | "failing";

export type Slot =
  /** The slot is taken; send after `waitMs`. `probe`: the one request that finds out whether this pause can end. */
  | { kind: "slot"; waitMs: number; probe?: PauseReason }
  /** Nothing may be sent for `waitMs`; no slot is taken. */
  | { kind: "paused"; waitMs: number; reason: PauseReason };

export interface PacerState {
  /** Requests per second at present. */
  readonly rate: number;
  readonly ceiling: number;
  /** 0 when not paused. */
  readonly pausedForMs: number;
  readonly reason?: PauseReason;
}

/** The request rate of one destination, shared by all replicas: GCRA by the store's clock. */
export interface Pacer {
  take(): Promise<Slot>;
  /**
   * No request before `forMs` from now; a longer pause already set stays, with its reason.
   * A `limited` pause ends by itself and lowers the rate; `allowedRate` is what the API says it allows per second.
   * The others are circuits: when one runs out, `take` grants a single slot,
   * marked as its `probe`, and pauses for another `forMs`, until `resume`.
   */
  pause(forMs: number, reason: PauseReason, allowedRate?: number): Promise<void>;
  /** Ends a pause of this reason at once. */
  resume(reason: PauseReason): Promise<void>;
  state(): Promise<PacerState>;
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

/** One item of the parked: an event that could not be mapped, or a piece of a delivery. */
export interface Failure {
  /** The event's id, or `dlv_…` for a delivery. */
  readonly id: string;
  readonly kind: "event" | "delivery";
  readonly source?: string;
  readonly contact?: ContactRef;
  readonly reason: string;
  readonly status?: number;
  readonly message?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly attempts: number;
  readonly fields?: readonly string[];
  /** What a retry would deliver. */
  readonly updates?: readonly ContactUpdate[];
}

export interface FailurePage {
  readonly items: readonly Failure[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** Everything set aside for a person. Nothing leaves it but by retry or drop. */
export interface Failures {
  /**
   * Newest first, deliveries before events. `cursor` comes from the page before and goes on behind its last item,
   * whatever has left or joined meanwhile.
   */
  list(limit: number, cursor?: string): Promise<FailurePage>;
  /** Any other text would begin again at the top. */
  isCursor(text: string): Promise<boolean>;
  find(id: string): Promise<Failure | undefined>;
  /**
   * Maps a parked event again, or posts a parked delivery back with its old stamps, so that it cannot overwrite what
   * has become newer since. Its age counts anew. False when there is no such item.
   */
  retry(id: string): Promise<boolean>;
  /** Forgets an item for good; an event's duplicates are refused as before. False when there is no such item. */
  drop(id: string): Promise<boolean>;
  /**
   * To be called now and then: what is known of contacts with something parked does not expire, because a retry must
   * not overwrite what has become newer since.
   */
  guard(): Promise<void>;
}

export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly completed: number;
}

export type QueueName = "events" | "contacts";

/** A running BullMQ worker, as far as whoever started it needs it. */
export interface JobWorker {
  isRunning(): boolean;
  isPaused(): boolean;
  /** Waits for running jobs. */
  close(): Promise<void>;
}

export type JobProcessor<Data, Result> = (
  job: Job<Data, Result>,
  token: string | undefined,
) => Promise<Result>;

/** Starts a BullMQ worker on one of the store's queues: for the delivery workers and nobody else. */
export type StartWorker = <Data, Result>(
  queue: QueueName,
  processor: JobProcessor<Data, Result>,
  options: { readonly concurrency: number },
) => JobWorker;

/** `refuses`: why new events are refused although everything else goes on. */
export type StoreHealth = { ok: true; refuses?: string } | { ok: false; message: string };

/** What an operator should know of the store: one line. */
export interface StoreNote {
  readonly level: "info" | "warning" | "error";
  readonly message: string;
}

export interface Store {
  readonly engine: Engine;
  readonly events: EventLog;
  readonly mailbox: Mailbox;
  readonly pacer: Pacer;
  readonly failures: Failures;
  readonly archive: Archive;
  readonly startWorker: StartWorker;
  /** Wakes a contact: at most one waiting and one running job each. A no-op while one waits. */
  wake(contact: ContactRef): Promise<void>;
  /**
   * Deletes every trace of a contact: its mailbox, what its events held, what is parked for it. Duplicates of its events
   * are still refused. Answers how many events spoke of it. May be repeated after an error.
   */
  erase(contact: ContactRef): Promise<number>;
  counts(): Promise<{ events: QueueCounts; contacts: QueueCounts }>;
  /** Queues that hold a job which a free worker would take at once. */
  due(): Promise<readonly QueueName[]>;
  /** Answers within `deadlineMs`. Never rejects. */
  health(deadlineMs: number): Promise<StoreHealth>;
  /** Releases every connection, by force after `deadlineMs`. Workers are closed by whoever started them. */
  close(deadlineMs: number): Promise<void>;
}

/** Options common to every engine. */
export interface StoreOptions {
  /** Namespace in a shared Redis or PostgreSQL. */
  readonly prefix: string;
  /** Requests per second for all replicas together. */
  readonly ceiling: number;
  /** Finished events are kept this long; also the deduplication window. */
  readonly retentionMs: number;
  /** At most this many finished events are kept. */
  readonly retentionEvents: number;
  /** Told of store errors that no caller sees (connection lost, worker error). */
  readonly onError: (error: Error, where: string) => void;
  /** Told of every line that an operator should read about a server, at its opening above all. */
  readonly onNote?: (note: StoreNote) => void;
  /** What an erasure left in the embedded store's files goes before it is closed, however long that takes. */
  readonly scrubAtClose?: boolean;
  /** Gives up an opening that is under way. */
  readonly signal?: AbortSignal;
}
