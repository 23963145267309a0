import type { BulkJobOptions, JobsOptions, WorkerOptions } from "bullmq";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { StateQueue } from "./job-pages.ts";
import type { QueueCounts, WakeJobData } from "./store.ts";

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
}

/** The same of its Queue. */
export interface WakeQueue extends StateQueue<WakeJob, "failed"> {
  add(name: string, data: WakeJobData, options: JobsOptions): Promise<unknown>;
  addBulk(jobs: { name: string; data: WakeJobData; opts: BulkJobOptions }[]): Promise<unknown>;
  getDeduplicationJobId(id: string): Promise<string | null>;
}

/**
 * Writes a job's data only where it still is what was read before: whoever erased, dropped or retried it meanwhile keeps
 * the last word. False when it was not written.
 */
export type ReplaceData = (id: string, before: WakeJobData, after: WakeJobData) => Promise<boolean>;

interface CountedQueue {
  getJobCounts(...types: ("waiting" | "active" | "delayed" | "failed" | "completed")[]): Promise<{
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

/** At most one waiting and one running wake-up per contact; nothing happens while one waits. */
export async function wakeInto(queue: WakeQueue, contact: ContactRef): Promise<void> {
  const { name, data, opts } = wakeJob({ contact });
  await queue.add(name, data, opts);
}

export async function wakeAllInto(queue: WakeQueue, contacts: readonly ContactRef[]): Promise<void> {
  const [first, ...others] = contacts;
  if (first === undefined) return;
  if (others.length === 0) await wakeInto(queue, first);
  else await queue.addBulk(contacts.map((contact) => wakeJob({ contact })));
}

export function wakeJob(data: WakeJobData) {
  const opts: JobsOptions = {
    deduplication: { id: data.contact, keepLastIfActive: true },
    attempts,
    backoff: { type: "capped" },
    removeOnComplete: true,
    removeOnFail: false,
  };
  return { name: "wake", data, opts };
}

export async function queueCounts(queue: CountedQueue): Promise<QueueCounts> {
  const counts = await queue.getJobCounts("waiting", "active", "delayed", "failed", "completed");
  return {
    waiting: counts["waiting"] ?? 0,
    active: counts["active"] ?? 0,
    delayed: counts["delayed"] ?? 0,
    failed: counts["failed"] ?? 0,
    completed: counts["completed"] ?? 0,
  };
}
