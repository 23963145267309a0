import type { ContactRef } from "../contact/contact-ref.ts";
import type { ContactUpdate, MappingReport, MappingWarning, RelayEvent } from "../contact/event.ts";
import type { Priority } from "../contact/priority.ts";
import type { Wake } from "./wakes.ts";

export interface Acceptance {
  /** The id under which the event is kept: the first one's for a duplicate. */
  readonly id: string;
  readonly duplicate: boolean;
}

/** What became of mapping an event. */
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
export const eventStates: readonly EventState[] = ["waiting", "active", "delayed", "failed", "completed"];

export interface EventRecord {
  readonly event: RelayEvent;
  readonly state: EventState;
  /** How often it was claimed since it was accepted, replayed or retried. */
  readonly attempts: number;
  /** When it was stored, by the store's clock. Milliseconds since the epoch. */
  readonly acceptedAt: number;
  readonly result?: EventResult;
  /** Why mapping failed. The payload is kept for a replay. */
  readonly failure?: string;
  /** When it was completed or failed. Milliseconds since the epoch. */
  readonly finishedAt?: number;
  /** Of a delayed one, what it waits for. */
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
  readonly type?: string;
  readonly state?: EventState;
  /** One of the events that spoke of this contact. */
  readonly contact?: ContactRef;
  /** Accepted at or after this time. Milliseconds since the epoch. */
  readonly from?: number;
  /** Accepted before this time. Milliseconds since the epoch. */
  readonly to?: number;
}

export interface EventPage {
  readonly items: readonly EventSummary[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** An event that one process maps now. */
export interface Claimed {
  readonly event: RelayEvent;
  /** This claim counted in. */
  readonly attempts: number;
  /** Names the claim: once its time is over, somebody else's counts. */
  readonly lease: string;
}

/** What became of a claimed event. */
export type Conclusion = { readonly claimed: Claimed } & (
  | { readonly kind: "completed"; readonly result: EventResult }
  /** Kept for a replay. `erased`: tags of the contacts that it has erased by now. */
  | { readonly kind: "failed"; readonly reason: string; readonly erased?: readonly string[] }
  /** To be claimed again in `delayMs`, because of what `reason` says. */
  | { readonly kind: "delayed"; readonly delayMs: number; readonly reason: string }
  /** Nothing was done: whoever is next may have it at once. */
  | { readonly kind: "released" }
);

/** Why an event is parked. */
export type EventFailureReason = "unmappable" | "unreadable-identifier";

/** What is kept of a failure: its message, behind its reason where that is not the usual one. */
export function failureText(reason: EventFailureReason, message: string): string {
  return reason === "unmappable" ? message : `${reason}: ${message}`;
}

export function readFailure(text: string): { reason: EventFailureReason; message: string } {
  const unreadable = "unreadable-identifier: ";
  return text.startsWith(unreadable)
    ? { reason: "unreadable-identifier", message: text.slice(unreadable.length) }
    : { reason: "unmappable", message: text };
}

/** One parked event. */
export interface FailedEvent {
  readonly event: Pick<RelayEvent, "id" | "source">;
  /** As `failureText` writes it. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly attempts: number;
}

/** What was accepted, and what became of it. */
export interface EventLog {
  /**
   * Stores a batch durably, in one step, all or none. An event whose source and identity were seen within the retention
   * window is a duplicate. Rejects when the store cannot take it; repeating the call is then harmless.
   */
  accept(events: readonly RelayEvent[]): Promise<readonly Acceptance[]>;
  /**
   * Takes events that wait or whose delay is over, those of a higher priority first, then oldest first, for as long as
   * the lease lasts: at most `limit`, fewer where they are large. In a backlog every ninth claim begins at a lower
   * priority. A claim whose lease has run out is given to whoever asks next.
   */
  claim(limit: number): Promise<readonly Claimed[]>;
  /** Lets the leases of these begin anew. */
  extend(claimed: readonly Claimed[]): Promise<void>;
  /**
   * Writes what became of a batch in one step: the results, and the updates of mapped ones into their mailboxes. What is
   * no longer claimed so is left out; one that was erased meanwhile ends as erased. Answers the contacts to be woken.
   */
  conclude(conclusions: readonly Conclusion[]): Promise<readonly Wake[]>;
  /** Waits until an event may have come that can be claimed, for as long as it is worth waiting without a look. */
  arrival(): Promise<void>;
  find(id: string): Promise<EventRecord | undefined>;
  /**
   * Newest first: by acceptance; with a `state`, by when each came into it or its turn comes. A page can be shorter than
   * `limit`, even empty, and still have a next one: then little of what was looked through fitted. `cursor` comes from the
   * page before.
   */
  list(filter: EventFilter, limit: number, cursor?: string): Promise<EventPage>;
  /** How many events such lists name, as far as none comes or goes meanwhile. */
  count(filter: EventFilter): Promise<number>;
  /** When the newest event of each source that is kept was stored; sources of which none is kept are absent. */
  newestOf(sources: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Events that failed, the newest failure first, behind the one given. */
  failed(
    limit: number,
    behind?: { readonly at: number; readonly id: string },
  ): Promise<readonly FailedEvent[]>;
  /**
   * Maps a finished or failed event again with the current mapping, as its next run: newer than its own earlier one,
   * not than newer events. It has the priority that it was accepted with, unless another is given. False when there is no
   * such event, it has not finished yet, or its payload is gone; with a `run` also when that is not its latest any more, so
   * that a call may be repeated.
   */
  replay(id: string, priority?: Priority, run?: number): Promise<boolean>;
  /** Maps a failed event again as the same run; the age of its updates counts anew. False when there is none such. */
  retry(id: string): Promise<boolean>;
  /** Forgets a failed event's payload for good; its duplicates are refused as before. False when there is none such. */
  drop(id: string): Promise<boolean>;
  /** Forgets payload and result, but keeps refusing duplicates. One that is not finished ends as erased. */
  erase(ids: readonly string[]): Promise<void>;
}

/** How long a claim is good for without being extended, unless the store is opened with another time. */
export const usualLeaseMs = 10_000;
/**
 * The turn of an event is the number of its acceptance, and this much more or less by its priority: no such number comes
 * near it, and all of them are exact.
 */
export const turnsApart = 4_000_000_000_000_000;
/** What is claimed at once, in bytes as they are stored. */
export const claimBytesMax = 4_000_000;

export const erasedResult: EventResult = { outcome: "erased" };
export const droppedResult: EventResult = { outcome: "ignored", reason: "dropped", warnings: [] };

/** Other names cannot be an event's. */
export function isEventId(id: string): boolean {
  return /^evt_[0-9A-Za-z_]{1,64}$/.test(id);
}

/** The deduplication window of an event. */
export function windowId(event: Pick<RelayEvent, "source" | "identity">): string {
  return `${event.source}.${event.identity}`;
}

/** An event as one line of a list, without what it told. */
export function summaryOf(
  record: Omit<EventRecord, "event" | "attempts" | "acceptedAt"> & {
    event: Omit<RelayEvent, "payload" | "attributes">;
  },
): EventSummary {
  const { identity: _, ...event } = record.event;
  const { state, result, failure, waitsFor } = record;
  const about = { ...event, state, contacts: contactsOf(result) };
  switch (state) {
    case "completed":
      if (!result) return about;
      return {
        ...about,
        outcome: result.outcome,
        ...(result.outcome === "ignored" ? { reason: result.reason } : {}),
      };
    case "failed":
      return { ...about, outcome: "failed", reason: failure ?? "unknown" };
    case "delayed":
      return waitsFor === undefined ? about : { ...about, reason: waitsFor };
    case "waiting":
    case "active":
      return about;
  }
}

function contactsOf(result: EventResult | undefined): ContactRef[] {
  return result?.outcome === "mapped" ? result.updates.map((update) => update.contact) : [];
}
