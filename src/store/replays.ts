import type { ContactRef } from "../contact/contact-ref.ts";
import type { EventFilter } from "./event-log.ts";

export const replayStates = ["running", "stopped", "done", "failed"] as const;
export type ReplayState = (typeof replayStates)[number];

/** A range that is closed: what is accepted after it was resolved is never part of it. */
export type ReplayFilter = EventFilter & { readonly to: number };

/** What somebody wants replayed. It never changes. */
export interface ReplayPlan {
  readonly filter: ReplayFilter;
  /** Of the destination's rate, above 0 and at most 1. */
  readonly share: number;
  /** Who asked for it. */
  readonly by: string;
  /** Events that matched when it was made. */
  readonly total: number;
}

/** Why an event that matched was not replayed: its payload is gone, it is still worked on, or its record has gone. */
export type SkipReason = "gone" | "not-finished" | "not-found";

/** How far a replay is. */
export interface ReplayProgress {
  /** Behind what was listed last. */
  readonly cursor?: string;
  /** There is nothing behind the cursor. */
  readonly listed: boolean;
  /** What was listed and not yet counted: ids, each with the run that it had then. */
  readonly batch: readonly (readonly [id: string, run: number])[];
  readonly replayed: number;
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  /** Of those that were replayed, the ones that could not be mapped again. */
  readonly failed: number;
  /** Events per second, lately. */
  readonly rate: number;
}

/** Times are milliseconds since the epoch, by the store's clock. */
export interface Replay extends ReplayPlan {
  /** `rpl_…`, sorts by creation. */
  readonly id: string;
  readonly state: ReplayState;
  readonly createdAt: number;
  readonly finishedAt?: number;
  /** Why it failed. */
  readonly message?: string;
  readonly progress: ReplayProgress;
}

export interface ReplayPage {
  readonly items: readonly Replay[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** A replay that one process carries out now. */
export interface ClaimedReplay {
  readonly replay: Replay;
  /** Names the claim: once its time is over and somebody else has it, this one counts no more. */
  readonly lease: string;
}

/** What is to be replayed by a filter, and how far that is. What is over is kept as long as events are. */
export interface Replays {
  /** The time by which events are accepted. */
  now(): Promise<number>;
  create(plan: ReplayPlan): Promise<Replay>;
  find(id: string): Promise<Replay | undefined>;
  /** Newest first. A cursor that is none begins at the top. */
  list(limit: number, cursor?: string): Promise<ReplayPage>;
  /** Whoever carries it out finds out with its next `save`. Answers it as it is then; undefined when there is none. */
  stop(id: string): Promise<Replay | undefined>;
  /** Takes one that runs and that nobody holds, the oldest first, for as long as the lease lasts. */
  claim(leaseMs: number): Promise<ClaimedReplay | undefined>;
  /** Writes how far it is and lets the lease begin anew; false when it was stopped or is somebody else's. */
  save(claimed: ClaimedReplay, progress: ReplayProgress, leaseMs: number): Promise<boolean>;
  /** The same, and it is over. */
  end(
    claimed: ClaimedReplay,
    state: "done" | "failed",
    progress: ReplayProgress,
    message?: string,
  ): Promise<boolean>;
  /** Whoever is next may have it at once. */
  release(claimed: ClaimedReplay): Promise<void>;
  /** Forgets those that name this contact, whatever they do: nothing of them goes on. */
  forget(contact: ContactRef): Promise<void>;
}

/** At most so many that are over are kept. */
export const replaysKept = 1_000;
export const noProgress = { listed: false, batch: [], replayed: 0, skipped: {}, failed: 0 } as const;

/** Other names cannot be a replay's. */
export function isReplayId(id: string): boolean {
  return /^rpl_[0-9A-Z]{26}$/.test(id);
}

/** A page of what was asked for with one more than the limit. */
export function replayPage(found: readonly Replay[], limit: number): ReplayPage {
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? items.at(-1)?.id : undefined };
}
