import { UnrecoverableError } from "bullmq";
import type { KeptJob } from "./archive.ts";
import type { FailedEvent } from "./event-log.ts";
import type { GroupMark, GroupState } from "./parked-groups.ts";
import { failedWhole, piecesOf, type IndexedPiece } from "./parked-pieces.ts";
import type { WakeProcessor } from "./store.ts";

/** Where a list goes on. Times are milliseconds since the epoch. */
export interface Behind {
  readonly at: number;
  readonly id: string;
}

/** A group as the index knows it: its items are read where they lie. */
export interface IndexedGroup {
  readonly key: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  /** Of events; at most `sourcesMax` of them. */
  readonly sources: readonly string[];
  /** The newest item. */
  readonly sample: string;
  readonly mark?: GroupMark;
}

export interface GroupsAsked {
  /** Of these alone; all where none is named. */
  readonly states: readonly GroupState[];
  readonly limit: number;
  readonly behind?: Behind | undefined;
}

/**
 * The groups of what is parked. An event joins and leaves in the write that changes its record. The pieces of a wake-up
 * are written down before it fails, and count from the moment on in which the queue has it as failed; they leave in the
 * write that takes them out.
 */
export interface ParkedIndex {
  /** The pieces that a running wake-up has set aside, in place of those that it had before. */
  pend(jobId: string, pieces: readonly IndexedPiece[]): Promise<void>;
  /** Newest first. */
  groups(asked: GroupsAsked): Promise<readonly IndexedGroup[]>;
  group(key: string): Promise<IndexedGroup | undefined>;
  /** Ids, newest first. */
  items(key: string, limit: number, behind?: Behind): Promise<readonly Behind[]>;
  /** Says something of a group. False when nothing is parked in it and nothing was said of it. */
  mark(key: string, mark: GroupMark): Promise<boolean>;
  /** Marks as they are, without those of which only the relay itself has spoken. */
  marks(): Promise<readonly { readonly key: string; readonly mark: GroupMark }[]>;
  /** What was said elsewhere, where nothing newer was said here. */
  putMarks(marks: readonly { readonly key: string; readonly mark: GroupMark }[]): Promise<void>;
  /** How many items are in groups that are open. */
  openItems(): Promise<number>;
  /** Those of these that are parked. */
  events(ids: readonly string[]): Promise<ReadonlyMap<string, FailedEvent>>;
  jobs(ids: readonly string[]): Promise<ReadonlyMap<string, KeptJob>>;
  /** Makes the index what a look at everything says. */
  build(): Promise<void>;
  /** What was said of groups that are empty, before this time. Milliseconds since the epoch. */
  forgetMarks(before: number): Promise<void>;
}

export const sourcesMax = 20;
/** Of empty groups; those with something in them keep theirs. */
export const marksMax = 1_000;

/** Whatever a run sets aside is in the index before it is in its job. A run that fails for good always sets something aside. */
export function indexing(
  processor: WakeProcessor,
  index: Pick<ParkedIndex, "pend">,
  clock: () => number,
): WakeProcessor {
  return async (job, token) => {
    const id = job.id ?? "";
    const updateData = job.updateData.bind(job);
    job.updateData = async (data) => {
      if (data.parked) await index.pend(id, piecesOf({ id, data, attempts: 0, acceptedAt: 0 }));
      else if (job.data.parked) await index.pend(id, []);
      await updateData(data);
    };
    try {
      await processor(job, token);
    } catch (error) {
      if (error instanceof UnrecoverableError && !job.data.parked) {
        const parked = [failedWhole(error.message, clock(), job.attemptsMade + 1)];
        await job.updateData({ ...job.data, parked });
      }
      throw error;
    }
  };
}
