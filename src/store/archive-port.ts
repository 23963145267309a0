import type { ContactRef } from "../contact/contact-ref.ts";
import type { RelayEvent } from "../contact/event.ts";
import type { KeptAuditEntry } from "./audit.ts";
import type { EventResult, EventState } from "./event-log.ts";
import type { MailboxState, WakeJobData } from "./mailbox-port.ts";
import type { PauseReason } from "./pacer-port.ts";
import type { GroupMark } from "./parked-groups.ts";

/** An accepted event as another store takes it over; one that was being worked on counts as waiting. */
export interface ArchivedEvent {
  readonly kind: "event";
  readonly event: RelayEvent;
  readonly state: Exclude<EventState, "active">;
  readonly attempts: number;
  /** Milliseconds since the epoch, as all times of the archive. */
  readonly acceptedAt: number;
  /** When a delayed one is due. */
  readonly dueAt?: number;
  /** What a delayed one waits for. */
  readonly waitsFor?: string;
  readonly finishedAt?: number;
  readonly result?: EventResult;
  readonly failure?: string;
  /** The deduplication window of its identity names this very event. */
  readonly claimed: boolean;
}

/** One deduplication window: it outlives the record of its event. */
export interface ArchivedWindow {
  readonly kind: "window";
  readonly id: string;
  readonly eventId: string;
  readonly expiresAt: number;
}

export interface ArchivedMailbox extends MailboxState {
  readonly kind: "mailbox";
  readonly contact: ContactRef;
  /** Every event that spoke of the contact. */
  readonly eventIds: readonly string[];
  /** When what was applied is forgotten; absent when nothing has been settled yet. */
  readonly expiresAt?: number;
  /** The wake-up that waits, with its own delay and counters. */
  readonly wake?: Pick<WakeJobData, "busy" | "failures" | "missing" | "expiresAt" | "wrote"> & {
    readonly dueAt?: number;
  };
}

/** A delivery that was set aside: its job, piece by piece. */
export interface ArchivedParking {
  readonly kind: "parking";
  readonly id: string;
  readonly data: WakeJobData;
  readonly failure: string;
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly finishedAt: number;
}

/** The pace while it is not the usual one, by this machine's clock. */
export interface ArchivedPace {
  readonly kind: "pace";
  readonly pause?: {
    readonly until: number;
    readonly reason: PauseReason;
    readonly forMs: number;
    readonly since?: number;
  };
  readonly lowered?: { readonly rate: number; readonly limit: number; readonly at: number };
}

/** One entry of the audit log. */
export interface ArchivedAudit {
  readonly kind: "audit";
  readonly entry: KeptAuditEntry;
}

/** What was said of a group of what is parked. */
export interface ArchivedGroup {
  readonly kind: "group";
  readonly key: string;
  readonly mark: GroupMark;
}

export type ArchiveRecord =
  | ArchivedGroup
  | ArchivedAudit
  | ArchivedPace
  | ArchivedWindow
  | ArchivedMailbox
  | ArchivedParking
  | ArchivedEvent;

/** What a move leaves behind in its target: where it came from, and whether it was finished. */
export interface MoveMark {
  readonly from: string;
  readonly startedAt: number;
  /** It was brought in beside other work. */
  readonly merged?: true;
  readonly finishedAt?: number;
}

/** Everything that matters in a store as plain records, to carry it to another. No relay may run on it meanwhile. */
export interface Archive {
  /**
   * Streams everything, in the order in which it is to be imported: what protects against duplicates and stale values
   * comes before what could do harm without it, and waiting events come oldest first.
   */
  export(): AsyncIterable<ArchiveRecord>;
  /**
   * Takes records over; idempotent. What is there already is merged: the newest stamp, the longest pause and the
   * furthest run of an event stay, one that was erased or dropped on either side is so afterwards, and an event that is a
   * duplicate of one that is there is left out.
   */
  import(records: readonly ArchiveRecord[]): Promise<void>;
  /** What is held here in place of each record, undefined where nothing is. */
  find(records: readonly ArchiveRecord[]): Promise<readonly (ArchiveRecord | undefined)[]>;
  /** Relays that are known to deliver from this store now; one that only takes events cannot be seen. */
  runningWorkers(): Promise<number>;
  readMark(): Promise<MoveMark | undefined>;
  /** Undefined removes it. */
  writeMark(mark: MoveMark | undefined): Promise<void>;
}
