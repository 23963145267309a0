import type { BulkJobOptions, JobsOptions, WorkerOptions } from "bullmq";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { RelayEvent } from "../contact/event.ts";
import type { StateQueue } from "./job-pages.ts";
import type {
  Acceptance,
  EventRecord,
  EventResult,
  EventState,
  QueueCounts,
  QueueName,
  WakeJobData,
} from "./store.ts";

/** The parts of BullMQ's Queue that are used here, whatever backend it has. */
export interface StoredJob<Data, Result> {
  readonly id?: string | undefined;
  readonly data: Data;
  readonly timestamp: number;
  readonly finishedOn?: number | undefined;
  readonly returnvalue: Result | null | undefined;
  readonly failedReason?: string | undefined;
  readonly progress: unknown;
  readonly attemptsMade: number;
  getState(): Promise<string>;
  updateData(data: Data): Promise<void>;
  retry(state: "completed" | "failed", options: { resetAttemptsMade: boolean }): Promise<void>;
  remove(): Promise<void>;
}

export interface EventQueue extends StateQueue<StoredJob<RelayEvent, EventResult>, EventState> {
  addBulk(
    jobs: { name: string; data: RelayEvent; opts: BulkJobOptions }[],
  ): Promise<{ id?: string | undefined }[]>;
  getWaiting(start: number, end: number): Promise<StoredJob<RelayEvent, EventResult>[]>;
}

export interface WakeQueue extends StateQueue<StoredJob<WakeJobData, void>, "failed"> {
  add(name: string, data: WakeJobData, options: JobsOptions): Promise<unknown>;
  getDeduplicationJobId(id: string): Promise<string | null>;
}

/**
 * Writes a job's data only where it still is what was read before: whoever erased, dropped or retried it meanwhile keeps
 * the last word. False when it was not written.
 */
export type ReplaceData = <Data extends RelayEvent | WakeJobData>(
  queue: QueueName,
  id: string,
  before: Data,
  after: Data,
) => Promise<boolean>;

interface CountedQueue {
  getJobCounts(...types: ("waiting" | "active" | "delayed" | "failed" | "completed")[]): Promise<{
    [state: string]: number;
  }>;
}

const jobName = { events: "event", contacts: "wake" } as const;

/** Store errors in a job are repeated for as long as it takes; a job that can never succeed fails at once. */
const attempts = 1_000_000;
const retryDelayFirstMs = 500;
const retryDelayMaxMs = 30_000;

/** Passed to Worker as `settings.backoffStrategy`, named by the job option `backoff.type`. */
export const workerSettings: NonNullable<WorkerOptions["settings"]> = {
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

/** How long finished events are kept, and how many where the queue itself is to see to that. */
export interface EventRetention {
  readonly retentionMs: number;
  readonly retentionEvents?: number;
}

/** The event's job: its id, its deduplication for the whole retention window, and how long its record stays. */
export function eventJob(event: RelayEvent, options: EventRetention) {
  const opts: BulkJobOptions = {
    jobId: event.id,
    deduplication: { id: deduplicationId(event), ttl: options.retentionMs },
    attempts,
    backoff: { type: "capped" },
    removeOnComplete: {
      age: Math.max(1, Math.ceil(options.retentionMs / 1000)),
      ...(options.retentionEvents === undefined ? {} : { count: options.retentionEvents }),
    },
    removeOnFail: false,
  };
  return { name: jobName.events, data: event, opts };
}

export function deduplicationId(event: Pick<RelayEvent, "source" | "identity">): string {
  return `${event.source}.${event.identity}`;
}

/** Claims and enqueues a batch in one step; an id that comes back changed is the first one's. */
export async function acceptInto(
  queue: EventQueue,
  events: readonly RelayEvent[],
  options: EventRetention,
): Promise<Acceptance[]> {
  if (events.length === 0) return [];
  const jobs = await queue.addBulk(events.map((event) => eventJob(event, options)));
  return events.map((event, index) => {
    const id = jobs[index]?.id;
    if (id === undefined) throw new Error("the queue answered without an id");
    return { id, duplicate: id !== event.id };
  });
}

/** At most one waiting and one running wake-up per contact; nothing happens while one waits. */
export async function wakeInto(queue: WakeQueue, contact: ContactRef): Promise<void> {
  const { name, data, opts } = wakeJob({ contact });
  await queue.add(name, data, opts);
}

export function wakeJob(data: WakeJobData) {
  const opts: JobsOptions = {
    deduplication: { id: data.contact, keepLastIfActive: true },
    attempts,
    backoff: { type: "capped" },
    removeOnComplete: true,
    removeOnFail: false,
  };
  return { name: jobName.contacts, data, opts };
}

export async function findEvent(queue: EventQueue, id: string): Promise<EventRecord | undefined> {
  const job = isEventId(id) ? await queue.getJob(id) : undefined;
  if (!job) return undefined;
  const state = eventState(await job.getState());
  if (state === undefined) return undefined;
  const cause = delayCause(job, state);
  return {
    event: job.data,
    state,
    attempts: job.attemptsMade,
    ...(state === "completed" && job.returnvalue ? { result: job.returnvalue } : {}),
    ...(state === "failed" ? { failure: job.failedReason ?? "unknown" } : {}),
    ...(cause === undefined ? {} : { waitsFor: cause }),
  };
}

/** Why an event is delayed, as its worker noted it. */
export function delayCause(job: { readonly progress: unknown }, state: EventState): string | undefined {
  return state === "delayed" && typeof job.progress === "string" ? job.progress : undefined;
}

/** Events that wait, oldest first. */
export async function waitingEvents(queue: EventQueue, limit: number): Promise<RelayEvent[]> {
  if (limit <= 0) return [];
  return (await queue.getWaiting(0, limit - 1)).map((job) => job.data);
}

/** Runs an event's job again as its next run. Its id and its deduplication stay. */
export async function replayEvent(
  queue: EventQueue,
  replace: ReplaceData,
  id: string,
  now: number,
): Promise<boolean> {
  const job = isEventId(id) ? await queue.getJob(id) : undefined;
  if (!job || job.data.withdrawn !== undefined) return false;
  const state = await job.getState();
  if (state !== "completed" && state !== "failed") return false;
  const next = { ...job.data, replay: job.data.replay + 1, retriedAt: now };
  if (!(await replace("events", id, job.data, next))) return false;
  await runOnceMore(job, state);
  return true;
}

/** Somebody else may have let it run just now: it runs once, with the data that it has by then. */
export async function runOnceMore(
  job: StoredJob<RelayEvent, EventResult>,
  from: "completed" | "failed",
): Promise<void> {
  try {
    await job.retry(from, { resetAttemptsMade: true });
  } catch (error) {
    if ((await job.getState()) === from) throw error;
  }
}

function eventState(state: string): EventState | undefined {
  switch (state) {
    case "waiting":
    case "active":
    case "delayed":
    case "failed":
    case "completed":
      return state;
    case "prioritized":
      return "waiting";
    default:
      return undefined;
  }
}

/** Other names would reach BullMQ's own keys, which are no jobs. */
export function isEventId(id: string): boolean {
  return /^evt_[0-9A-Za-z_]{1,64}$/.test(id);
}

/** An event without what it told of a person; its job, and so its deduplication, stays. */
export function withdrawnEvent(whole: RelayEvent, withdrawn: "erased" | "dropped"): RelayEvent {
  const { erased: _, ...event } = whole;
  return { ...event, payload: "null", attributes: {}, withdrawn };
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
