import type { ContactRef } from "../contact/contact-ref.ts";
import { readFailure, type EventLog, type FailedEvent } from "./event-log.ts";
import { failedAt, failedJobsFrom, type Place } from "./failed-jobs.ts";
import type { ReplaceData, WakeJob, WakeQueue } from "./queues.ts";
import { stampRetentionFactor } from "./retention.ts";
import type { Failure, Failures, Mailbox, Parked } from "./store.ts";
import { wakeOf, wakesFor, type Wake } from "./wakes.ts";

export interface FailuresParts {
  readonly events: Pick<EventLog, "failed" | "find" | "retry" | "drop">;
  readonly contacts: WakeQueue;
  readonly mailbox: Mailbox;
  readonly replaceData: ReplaceData;
  readonly wakeAll: (wakes: readonly Wake[]) => Promise<void>;
  readonly retentionMs: number;
  readonly clock: () => number;
}

/** Stamps are kept alive several times before they would expire. */
const guardsPerRetention = 4;
const guardContactsMax = 500;
const eventsAtOnce = 200;

/** Each attempt that fails is one by which somebody else has taken a piece. */
const takeAttemptsMax = 100;

/** What is parked is a failed job that carries it: here its pieces are listed and taken out again. */
export function createFailures(parts: FailuresParts): Failures {
  const { events, contacts, mailbox, clock } = parts;
  const guardEveryMs = (stampRetentionFactor * parts.retentionMs) / (2 * guardsPerRetention);
  let guardedAt = Number.NEGATIVE_INFINITY;

  /** Every item behind the cursor, with the cursor of what comes behind it. */
  async function* itemsBehind(cursor: Cursor | undefined): AsyncGenerator<{ item: Failure; cursor: string }> {
    if (cursor?.queue !== "events") {
      for await (const job of failedJobsFrom(contacts, cursor)) {
        const listed = job.id === cursor?.jobId ? (cursor?.piece ?? -1) : -1;
        for (const part of partsOf(job)) {
          if (part.index <= listed) continue;
          const item = deliveryFailure(job, part.item, part.index);
          yield { item, cursor: `d.${failedAt(job)}.${job.id ?? ""}.${part.index}` };
        }
      }
    }
    yield* eventsBehind(cursor?.queue === "events" ? cursor : undefined);
  }

  async function* eventsBehind(place: Place | undefined): AsyncGenerator<{ item: Failure; cursor: string }> {
    let behind = place && { at: place.at, id: place.jobId };
    for (;;) {
      const page = await events.failed(eventsAtOnce, behind);
      for (const failed of page) {
        yield { item: eventFailure(failed), cursor: `e.${failed.at}.${failed.event.id}` };
      }
      const last = page.at(-1);
      if (!last || page.length < eventsAtOnce) return;
      behind = { at: last.at, id: last.event.id };
    }
  }

  /** Wake-ups are numbered; one that came from another store has an id that begins with m. */
  async function findDelivery(id: string) {
    const [, jobId, piece] = /^dlv_(\d{1,20}|m[0-9a-f]{24})\.(\d{1,6})$/.exec(id) ?? [];
    if (jobId === undefined || piece === undefined) return undefined;
    const job = await contacts.getJob(jobId);
    if (!job || (await job.getState()) !== "failed") return undefined;
    const parked = partsOf(job).find((part) => part.index === Number(piece));
    return parked && { job, ...parked };
  }

  /**
   * The job goes with its last piece; until then the others keep their numbers. False when the piece has gone meanwhile:
   * retried or dropped by somebody else, or erased.
   */
  async function takeOut(id: string): Promise<boolean> {
    for (let attempt = 0; attempt < takeAttemptsMax; attempt += 1) {
      const delivery = await findDelivery(id);
      if (!delivery) return false;
      const { job, index } = delivery;
      const parked = job.data.parked?.map((item, at) => (at === index ? taken : item)) ?? [];
      if (parked.every(isTaken)) return await removed(job);
      if (await parts.replaceData(job.id ?? "", job.data, { ...job.data, parked })) return true;
    }
    throw new Error(`${id} is being changed by others all the time`);
  }

  async function removed(job: WakeJob): Promise<boolean> {
    try {
      await job.remove();
      return true;
    } catch (error) {
      if ((await job.getState()) === "unknown") return false;
      throw error;
    }
  }

  return {
    async list(limit, cursor) {
      const from = cursor === undefined ? undefined : readCursor(cursor);
      const items: Failure[] = [];
      let next: string | undefined;
      for await (const behind of itemsBehind(from)) {
        if (items.length >= limit) return { items, next };
        items.push(behind.item);
        next = behind.cursor;
      }
      return { items, next: undefined };
    },
    isCursor: async (text) => readCursor(text) !== undefined,
    async find(id) {
      const delivery = await findDelivery(id);
      if (delivery) return deliveryFailure(delivery.job, delivery.item, delivery.index);
      const record = await events.find(id);
      if (record?.state !== "failed") return undefined;
      const { event, attempts, failure = "unknown", finishedAt = 0 } = record;
      return eventFailure({ event, attempts, reason: failure, at: finishedAt });
    },
    async retry(id) {
      const delivery = await findDelivery(id);
      if (delivery) {
        const receivedAt = clock();
        await mailbox.post(delivery.item.updates.map((update) => ({ ...update, receivedAt })));
        const wakes = wakesFor(delivery.item.updates);
        const { contact } = delivery.job.data;
        const isNamed = wakes.some((wake) => wake.contact === contact);
        await parts.wakeAll(isNamed ? wakes : [wakeOf(contact, "normal"), ...wakes]);
        await takeOut(id);
        return true;
      }
      return await events.retry(id);
    },
    async drop(id) {
      return (await takeOut(id)) || (await events.drop(id));
    },
    async guard() {
      if (clock() - guardedAt < guardEveryMs) return;
      const parked = new Set<ContactRef>();
      for await (const job of failedJobsFrom(contacts, undefined)) parked.add(job.data.contact);
      const refs = [...parked];
      for (let at = 0; at < refs.length; at += guardContactsMax) {
        await mailbox.remember(refs.slice(at, at + guardContactsMax));
      }
      guardedAt = clock();
    },
  };
}

/** Stands where a piece was that has been retried or dropped. */
const taken: Parked = { reason: "taken", at: 0, attempts: 0, updates: [] };

export function isTaken(item: Parked): boolean {
  return item.reason === taken.reason;
}

type Cursor =
  ({ readonly queue: "deliveries"; readonly piece: number } & Place) | ({ readonly queue: "events" } & Place);

function readCursor(text: string): Cursor | undefined {
  const [, deliveryAt, deliveryJob, piece] =
    /^d\.(\d{1,15})\.(\d{1,20}|m[0-9a-f]{24})\.(\d{1,6})$/.exec(text) ?? [];
  if (deliveryJob !== undefined) {
    return { queue: "deliveries", at: Number(deliveryAt), jobId: deliveryJob, piece: Number(piece) };
  }
  const [, eventAt, jobId] = /^e\.(\d{1,15})\.(\w{1,70})$/.exec(text) ?? [];
  return jobId === undefined ? undefined : { queue: "events", at: Number(eventAt), jobId };
}

/** A wake-up that failed without parking anything (a bug) still names its contact, whose updates still wait. */
function partsOf(job: WakeJob): { item: Parked; index: number }[] {
  const parked = job.data.parked ?? [
    {
      reason: "failed",
      message: job.failedReason ?? "unknown",
      at: failedAt(job),
      attempts: job.attemptsMade,
      updates: [],
    },
  ];
  return parked.flatMap((item, index) => (isTaken(item) ? [] : [{ item, index }]));
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

function eventFailure({ event, reason, at, attempts }: FailedEvent): Failure {
  return {
    id: event.id,
    kind: "event",
    source: event.source,
    ...readFailure(reason),
    at,
    attempts,
  };
}
