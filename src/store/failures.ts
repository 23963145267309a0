import type { ContactRef } from "../contact/contact-ref.ts";
import type { RelayEvent } from "../contact/event.ts";
import type { EventQueue, StoredJob, WakeQueue } from "./queues.ts";
import type { EventResult, Failure, Failures, Mailbox, Parked, WakeJobData } from "./store.ts";

type WakeJob = StoredJob<WakeJobData, void>;
type EventJob = StoredJob<RelayEvent, EventResult>;

/** What is parked is a failed job that carries it: here its pieces are listed and taken out again. */
export function createFailures(
  events: EventQueue,
  contacts: WakeQueue,
  mailbox: Mailbox,
  wake: (contact: ContactRef) => Promise<void>,
): Failures {
  async function list(limit: number, cursor = "contacts:0") {
    const items: Failure[] = [];
    let [queue, offset] = readCursor(cursor);
    if (queue === "contacts") {
      const jobs = await contacts.getFailed(offset, offset + limit - 1);
      items.push(...jobs.flatMap(deliveryFailures));
      if (jobs.length === limit) return { items, next: `contacts:${offset + limit}` };
      [queue, offset] = ["events", 0];
    }
    const room = Math.max(1, limit - items.length);
    const jobs = await events.getFailed(offset, offset + room - 1);
    items.push(...jobs.map(eventFailure));
    return { items, next: jobs.length === room ? `events:${offset + room}` : undefined };
  }

  async function findDelivery(id: string) {
    const [, jobId, piece] = /^dlv_([^.]+)\.(\d+)$/.exec(id) ?? [];
    if (jobId === undefined || piece === undefined) return undefined;
    const job = await contacts.getJob(jobId);
    if (!job || (await job.getState()) !== "failed") return undefined;
    const parked = partsOf(job).find((part) => part.index === Number(piece));
    return parked && { job, ...parked };
  }

  async function findEventJob(id: string): Promise<EventJob | undefined> {
    const job = await events.getJob(id);
    return job && (await job.getState()) === "failed" ? job : undefined;
  }

  /** The job goes with its last piece; until then the others keep their numbers. */
  async function takeOut(job: WakeJob, index: number): Promise<void> {
    const parked = job.data.parked?.map((item, at) => (at === index ? taken : item)) ?? [];
    if (parked.every((item) => item.reason === taken.reason)) await job.remove();
    else await job.updateData({ ...job.data, parked });
  }

  return {
    list,
    async find(id) {
      const delivery = await findDelivery(id);
      if (delivery) return deliveryFailure(delivery.job, delivery.item, delivery.index);
      const job = await findEventJob(id);
      return job && eventFailure(job);
    },
    async retry(id) {
      const delivery = await findDelivery(id);
      if (delivery) {
        await mailbox.post(delivery.item.updates);
        await wake(delivery.job.data.contact);
        await takeOut(delivery.job, delivery.index);
        return true;
      }
      const job = await findEventJob(id);
      await job?.retry("failed", { resetAttemptsMade: true });
      return job !== undefined;
    },
    async drop(id) {
      const delivery = await findDelivery(id);
      if (delivery) {
        await takeOut(delivery.job, delivery.index);
        return true;
      }
      const job = await findEventJob(id);
      await job?.remove();
      return job !== undefined;
    },
  };
}

/** Stands where a piece was that has been retried or dropped. */
const taken: Parked = { reason: "taken", at: 0, attempts: 0, updates: [] };

function readCursor(cursor: string): ["contacts" | "events", number] {
  const [queue, offset] = cursor.split(":");
  return [queue === "events" ? "events" : "contacts", Math.max(0, Number(offset) || 0)];
}

/** A wake-up that failed without parking anything (a bug) still names its contact, whose updates still wait. */
function partsOf(job: WakeJob): { item: Parked; index: number }[] {
  const parked = job.data.parked ?? [
    {
      reason: "failed",
      message: job.failedReason ?? "unknown",
      at: job.finishedOn ?? job.timestamp,
      attempts: job.attemptsMade,
      updates: [],
    },
  ];
  return parked.flatMap((item, index) => (item.reason === taken.reason ? [] : [{ item, index }]));
}

function deliveryFailures(job: WakeJob): Failure[] {
  return partsOf(job).map(({ item, index }) => deliveryFailure(job, item, index));
}

function deliveryFailure(job: WakeJob, item: Parked, index: number): Failure {
  const { reason, status, message, at, attempts, updates } = item;
  return {
    id: `dlv_${job.id ?? ""}.${index}`,
    kind: "delivery",
    contact: job.data.contact,
    reason,
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { message }),
    at,
    attempts,
    fields: item.fields ?? [...new Set(updates.flatMap((update) => Object.keys(update.patch)))],
    updates,
  };
}

function eventFailure(job: EventJob): Failure {
  return {
    id: job.data.id,
    kind: "event",
    source: job.data.source,
    reason: "unmappable",
    message: job.failedReason ?? "unknown",
    at: job.finishedOn ?? job.timestamp,
    attempts: job.attemptsMade,
  };
}
