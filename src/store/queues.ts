import { setTimeout as sleep } from "node:timers/promises";
import type { BulkJobOptions, JobsOptions, WorkerOptions } from "bullmq";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { Priority } from "../contact/priority.ts";
import type { StateQueue } from "./job-pages.ts";
import type { QueueCounts, WakeJobData } from "./store.ts";
import { jobNumber, wakeOf, type Wake } from "./wakes.ts";

/** The parts of BullMQ's Job that are used here, whatever backend it has. */
export interface WakeJob {
  readonly id?: string | undefined;
  readonly data: WakeJobData;
  readonly timestamp: number;
  readonly finishedOn?: number | undefined;
  readonly failedReason?: string | undefined;
  readonly attemptsMade: number;
  getState(): Promise<string>;
  updateData(data: WakeJobData): Promise<void>;
  remove(): Promise<void>;
  promote(): Promise<unknown>;
}

/** The same of its Queue. */
export interface WakeQueue extends StateQueue<WakeJob, "failed"> {
  add(name: string, data: WakeJobData, options: JobsOptions): Promise<unknown>;
  addBulk(jobs: { name: string; data: WakeJobData; opts: BulkJobOptions }[]): Promise<unknown>;
  getDeduplicationJobId(id: string): Promise<string | null>;
}

/**
 * Writes a job's data only where it still is what was read before: whoever erased, dropped or retried it meanwhile keeps
 * the last word. The pieces `gone` leave the index of the parked with it. False when it was not written.
 */
export type ReplaceData = (
  id: string,
  before: WakeJobData,
  after: WakeJobData,
  gone: readonly string[],
) => Promise<boolean>;

interface CountedQueue {
  getJobCounts(
    ...types: ("waiting" | "prioritized" | "active" | "delayed" | "failed" | "completed")[]
  ): Promise<{
    [state: string]: number;
  }>;
}

/** Store errors in a job are repeated for as long as it takes; a job that can never succeed fails at once. */
const attempts = 1_000_000;
const retryDelayFirstMs = 500;
const retryDelayMaxMs = 30_000;

/** Passed to Worker as `settings.backoffStrategy`, named by the job option `backoff.type`. */
const workerSettings: NonNullable<WorkerOptions["settings"]> = {
  backoffStrategy: (attemptsMade) =>
    Math.min(retryDelayFirstMs * 2 ** Math.min(Math.max(attemptsMade - 1, 0), 16), retryDelayMaxMs),
};

/**
 * Short locks, because a crash delays a contact by one lock; a high stalled count, because a wake-up that
 * stalled out would strand its contact.
 */
export const workerOptions = {
  lockDuration: 10_000,
  stalledInterval: 3_000,
  maxStalledCount: 1_000_000,
  settings: workerSettings,
} as const;

/** Moves the wake-ups of these contacts that wait with a lower priority forward to theirs. */
export type RaiseWakes = (wakes: readonly Wake[]) => Promise<void>;

export interface Waking {
  wake(contact: ContactRef, priority?: Priority): Promise<void>;
  wakeAll(wakes: readonly Wake[]): Promise<void>;
  /** Those that wait because the API does not have them are tried at once, by all their names. */
  wakeMissing(contacts: readonly ContactRef[]): Promise<void>;
}

/** A run under way may be about to wait: it is waited for. */
const runEndsMs = 15_000;
const lookEveryMs = 50;

/** At most one waiting and one running wake-up per contact; one that waits can only move forward. */
export function createWaking(queue: WakeQueue, raise: RaiseWakes, replaceData: ReplaceData): Waking {
  async function wakeAll(wakes: readonly Wake[]): Promise<void> {
    const [first, ...others] = wakes.map(({ contact, priority }) => wakeJob({ contact }, priority));
    if (first === undefined) return;
    if (others.length === 0) await queue.add(first.name, first.data, first.opts);
    else await queue.addBulk([first, ...others]);
    const raising = wakes.filter(({ raises }) => raises);
    if (raising.length > 0) await raise(raising);
  }

  async function wakeMissing(contact: ContactRef): Promise<void> {
    for (let leftMs = runEndsMs; leftMs > 0; leftMs -= lookEveryMs) {
      const id = await queue.getDeduplicationJobId(contact);
      const job = id === null ? undefined : await queue.getJob(id);
      const state = await job?.getState();
      if (!job || !state) return;
      if (state === "delayed" && (!waitsToExist(job.data) || (await promote(job, replaceData)))) return;
      if (state !== "active" && state !== "delayed") return;
      await sleep(lookEveryMs);
    }
  }

  return {
    wake: (contact, priority = "normal") => wakeAll([wakeOf(contact, priority)]),
    wakeAll,
    async wakeMissing(contacts) {
      await Promise.all(contacts.map(wakeMissing));
    },
  };
}

/** Who is busy, failing or just made waits for something else, and what a run has set aside is not to be touched. */
function waitsToExist({ missing, busy, failures, created, parked }: WakeJobData): boolean {
  return Boolean(missing) && !busy && !failures && !created && !parked;
}

/** False when it has changed meanwhile. */
async function promote(job: WakeJob, replaceData: ReplaceData): Promise<boolean> {
  const { contact, wrote } = job.data;
  const after = { contact, missing: 1, ...(wrote === undefined ? {} : { wrote }) };
  if (!(await replaceData(job.id ?? "", job.data, after, []))) return false;
  try {
    await job.promote();
  } catch (error) {
    // Its time has come meanwhile.
    if ((await job.getState()) === "delayed") throw error;
  }
  return true;
}

export function wakeJob(data: WakeJobData, priority: Priority = "normal") {
  const opts: JobsOptions = {
    priority: jobNumber(priority),
    deduplication: { id: data.contact, keepLastIfActive: true },
    attempts,
    backoff: { type: "capped" },
    removeOnComplete: true,
    removeOnFail: false,
  };
  return { name: "wake", data, opts };
}

export async function queueCounts(queue: CountedQueue): Promise<QueueCounts> {
  const counts = await queue.getJobCounts(
    "waiting",
    "prioritized",
    "active",
    "delayed",
    "failed",
    "completed",
  );
  return {
    waiting: (counts["waiting"] ?? 0) + (counts["prioritized"] ?? 0),
    active: counts["active"] ?? 0,
    delayed: counts["delayed"] ?? 0,
    failed: counts["failed"] ?? 0,
    completed: counts["completed"] ?? 0,
  };
}
