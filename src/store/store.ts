import type { Job, Queue } from "bullmq";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { Priority } from "../contact/priority.ts";
import type { ContactUpdate } from "../contact/event.ts";
import type { Archive } from "./archive-port.ts";
import type { Audit } from "./audit.ts";
import type { EventLog } from "./event-log.ts";
import type { Mailbox, WakeJobData } from "./mailbox-port.ts";
import type { Notices } from "./notices.ts";
import type { Numbers } from "./numbers.ts";
import type { GroupMark, GroupState } from "./parked-groups.ts";
import type { Pacer } from "./pacer-port.ts";
import type { Replays } from "./replays.ts";
import type { Replicas } from "./replicas.ts";
import type { SignOuts } from "./sign-outs.ts";
import type { Shares, Wake } from "./wakes.ts";

export { auditActions, auditWho, isAuditCursor } from "./audit.ts";
export type { Audit, AuditEntry, KeptAuditEntry } from "./audit.ts";
export { noteOutcomes } from "./mailbox-port.ts";
export type {
  DeliveryNote,
  Mailbox,
  MailboxState,
  NotedField,
  NoteOutcome,
  Parked,
  Settled,
  Settlement,
  WakeJobData,
} from "./mailbox-port.ts";
export { delayBounds, delayQuantile, numbersKeptMinutes, readNumberName } from "./numbers.ts";
export type { MinuteCount, Numbers } from "./numbers.ts";
export { alike, groupNoteMax, groupStates, isGroupKey } from "./parked-groups.ts";
export type { GroupMark, GroupState } from "./parked-groups.ts";
export type { Overtaken } from "./person.ts";
export type { Grant, Pacer, PacerState, PauseReason } from "./pacer-port.ts";

export type Engine = "embedded" | "postgres" | "redis";

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

/** Parked items with the same trouble: the same reason, fields and words. */
export interface FailureGroup {
  readonly key: string;
  readonly count: number;
  /** When the oldest and the newest were parked. Milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
  /** Of events, a few of them. */
  readonly sources: readonly string[];
  /** The newest item. */
  readonly sample: Failure;
  readonly state: GroupState;
  /** What was last said of it. */
  readonly mark?: GroupMark;
}

export interface FailureGroupPage {
  readonly items: readonly FailureGroup[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** Everything set aside for a person. Nothing leaves it but by retry or drop. */
export interface Failures {
  /**
   * Newest first, deliveries before events, or those of one group alone. `cursor` comes from the page before and goes on
   * behind its last item, whatever has left or joined meanwhile.
   */
  list(limit: number, cursor?: string, group?: string): Promise<FailurePage>;
  /** Any other text would begin again at the top. */
  isCursor(text: string, group?: string): Promise<boolean>;
  /** Those whose newest item is the newest first; of these states, or all. */
  groups(asked: {
    readonly states?: readonly GroupState[] | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<FailureGroupPage>;
  isGroupsCursor(text: string): Promise<boolean>;
  group(key: string): Promise<FailureGroup | undefined>;
  /**
   * Says something of a group. One that is acknowledged is open again as soon as something new is parked in it. False when
   * nothing is parked in it and nothing was said of it.
   */
  mark(key: string, mark: GroupMark): Promise<boolean>;
  /** How many items are in groups that are open: those that need a person. */
  openItems(): Promise<number>;
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

/** Since when the oldest that waits has waited, milliseconds since the epoch; absent where nothing waits. */
export interface Oldest {
  /** To be mapped. */
  readonly event?: number;
  /** To be delivered. */
  readonly update?: number;
}

/** `events` is the log of events, `contacts` the queue of wake-ups. */
export type QueueName = "events" | "contacts";

/** A running BullMQ worker, as far as whoever started it needs it. */
export interface JobWorker {
  isRunning(): boolean;
  isPaused(): boolean;
  /** Waits for running jobs. */
  close(): Promise<void>;
}

export type WakeProcessor = (job: Job<WakeJobData, void>, token: string | undefined) => Promise<void>;

/** Starts a BullMQ worker on the wake-ups: for the delivery workers and nobody else. */
export type StartWorker = (processor: WakeProcessor, options: { readonly concurrency: number }) => JobWorker;

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
  readonly replays: Replays;
  readonly notices: Notices;
  readonly archive: Archive;
  readonly numbers: Numbers;
  readonly audit: Audit;
  readonly signOuts: SignOuts;
  readonly replicas: Replicas;
  readonly startWorker: StartWorker;
  /** The queue of wake-ups itself, for a board that looks at it. Throws before the store is open. */
  wakeQueue(): Queue;
  /** Wakes a contact: at most one waiting and one running job each. One that waits can only move forward. */
  wake(contact: ContactRef, priority?: Priority): Promise<void>;
  /** Wakes many, in one call, and one more where wake-ups that wait may have to move forward. */
  wakeAll(wakes: readonly Wake[]): Promise<void>;
  /** Those of these that wait because the API does not have them are tried at once, by all their names. */
  wakeMissing(contacts: readonly ContactRef[]): Promise<void>;
  /**
   * Lets so many of the wake-ups of each lower priority that have waited longest go before all others: their share.
   * Answers how many there were.
   */
  letForward(shares: Shares): Promise<Shares>;
  /**
   * Deletes every trace of a contact: its mailbox, what its events held, what is parked for it. Duplicates of its events
   * are still refused. Answers how many events spoke of it. May be repeated after an error.
   */
  erase(contact: ContactRef): Promise<number>;
  counts(): Promise<{ events: QueueCounts; contacts: QueueCounts }>;
  /** What has waited longest. */
  oldest(): Promise<Oldest>;
  /** What holds something that a free worker would take at once. */
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
  /** How long the audit log is kept; a year if not given. */
  readonly auditMs?: number;
  /** How long a claim of events is good for without being extended; 10 s if not given. */
  readonly leaseMs?: number;
  /** How many stores this process opens on the same server: they share the connections that one would have. */
  readonly beside?: number;
  /** Told of store errors that no caller sees (connection lost, worker error). */
  readonly onError: (error: Error, where: string) => void;
  /** Told of every line that an operator should read about a server, at its opening above all. */
  readonly onNote?: (note: StoreNote) => void;
  /** What an erasure left in the embedded store's files goes before it is closed, however long that takes. */
  readonly scrubAtClose?: boolean;
  /** Gives up an opening that is under way. */
  readonly signal?: AbortSignal;
}
