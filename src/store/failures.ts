import type { ContactRef } from "../contact/contact-ref.ts";
import { readFailure, type EventLog, type FailedEvent } from "./event-log.ts";
import { failedAt, failedJobsFrom, type Place } from "./failed-jobs.ts";
import { fieldsOf, isTaken, stateOf, taken } from "./parked-groups.ts";
import { keptWake, partsOf } from "./parked-pieces.ts";
import type { Behind, IndexedGroup, ParkedIndex } from "./parked-index.ts";
import { storable } from "./storable.ts";
import type { ReplaceData, WakeJob, WakeQueue } from "./queues.ts";
import { stampRetentionFactor } from "./retention.ts";
import type { Failure, FailureGroup, Failures, Mailbox, Parked, WakeJobData } from "./store.ts";
import { parkedId, wakeOf, wakesFor, type Wake } from "./wakes.ts";

export interface FailuresParts {
  readonly events: Pick<EventLog, "failed" | "find" | "retry" | "drop">;
  readonly contacts: WakeQueue;
  readonly mailbox: Mailbox;
  readonly parked: ParkedIndex;
  readonly replaceData: ReplaceData;
  readonly wakeAll: (wakes: readonly Wake[]) => Promise<void>;
  readonly retentionMs: number;
  readonly clock: () => number;
}

/** Stamps are kept alive several times before they would expire. */
const guardsPerRetention = 4;
const samplePage = 50;
const samplePagesMax = 20;
const guardContactsMax = 500;
const eventsAtOnce = 200;

/** Each attempt that fails is one by which somebody else has taken a piece. */
const takeAttemptsMax = 100;
/** What was said of a group in which nothing is parked any more. */
const marksKeptMs = 365 * 86_400_000;

/** What is parked is a failed job that carries it: here its pieces are listed and taken out again. */
export function createFailures(parts: FailuresParts): Failures {
  const { events, contacts, mailbox, parked: index, clock } = parts;
  const guardEveryMs = (stampRetentionFactor * parts.retentionMs) / (2 * guardsPerRetention);
  let guardedAt = Number.NEGATIVE_INFINITY;

  /** Every item behind the cursor, with the cursor of what comes behind it. */
  async function* itemsBehind(cursor: Cursor | undefined): AsyncGenerator<{ item: Failure; cursor: string }> {
    if (cursor?.queue !== "events") {
      for await (const job of failedJobsFrom(contacts, cursor)) {
        const listed = job.id === cursor?.jobId ? (cursor?.piece ?? -1) : -1;
        for (const part of partsOf(keptWake(job))) {
          if (part.index <= listed) continue;
          const item = deliveryFailure(keptWake(job), part);
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
    const part = partsOf(keptWake(job)).find((one) => one.index === Number(piece));
    return part && { job, ...part };
  }

  /**
   * The job goes with its last piece; until then the others keep their numbers. False when the piece has gone meanwhile:
   * retried or dropped by somebody else, or erased.
   */
  async function takeOut(id: string): Promise<boolean> {
    for (let attempt = 0; attempt < takeAttemptsMax; attempt += 1) {
      const delivery = await findDelivery(id);
      if (!delivery) return false;
      const { job } = delivery;
      const parked = job.data.parked?.map((item, at) => (at === delivery.index ? taken : item)) ?? [];
      if (!(await parts.replaceData(job.id ?? "", job.data, { ...job.data, parked }, [id]))) continue;
      if (parked.every(isTaken)) await remove(job);
      return true;
    }
    throw new Error(`${id} is being changed by others all the time`);
  }

  async function remove(job: { remove(): Promise<void>; getState(): Promise<string> }): Promise<void> {
    try {
      await job.remove();
    } catch (error) {
      if ((await job.getState()) !== "unknown") throw error;
    }
  }

  /** What is parked under these ids, read at once. */
  async function details(ids: readonly string[]): Promise<ReadonlyMap<string, Failure>> {
    const jobIds = ids.flatMap((id) => /^dlv_(.+)\.\d+$/.exec(id)?.[1] ?? []);
    const [failed, jobs] = await Promise.all([
      index.events(ids.filter((id) => !id.startsWith("dlv_"))),
      index.jobs([...new Set(jobIds)]),
    ]);
    const pieces = [...jobs.values()].flatMap((job) =>
      partsOf(job).map((part) => deliveryFailure(job, part)),
    );
    const items = [...[...failed.values()].map(eventFailure), ...pieces];
    return new Map(items.map((item) => [item.id, item]));
  }

  async function described(groups: readonly IndexedGroup[]): Promise<readonly FailureGroup[]> {
    const samples = await details(groups.map(({ sample }) => sample));
    const shown = groups.map(async ({ sample: id, ...group }) => {
      const sample = samples.get(id) ?? (await anotherOf(group.key));
      return sample ? [{ ...group, sample, state: stateOf(group.mark, clock()) }] : [];
    });
    return (await Promise.all(shown)).flat();
  }

  /** The newest item may have been taken just now; the group is about the others all the same. */
  async function anotherOf(key: string): Promise<Failure | undefined> {
    let behind: Behind | undefined;
    for (let page = 0; page < samplePagesMax; page += 1) {
      const places = await index.items(key, samplePage, behind);
      const found = await details(places.map(({ id }) => id));
      const first = places.find(({ id }) => found.has(id));
      if (first) return found.get(first.id);
      if (places.length < samplePage) return undefined;
      behind = places.at(-1);
    }
    return undefined;
  }

  async function listOfGroup(group: string, limit: number, behind: Behind | undefined) {
    const places = await index.items(group, limit + 1, behind);
    const page = places.slice(0, limit);
    const found = await details(page.map(({ id }) => id));
    const last = page.at(-1);
    return {
      items: page.flatMap(({ id }) => found.get(id) ?? []),
      next: last && places.length > limit ? `g.${last.at}.${last.id}` : undefined,
    };
  }

  return {
    async list(limit, cursor, group) {
      if (group !== undefined) return await listOfGroup(group, limit, readGroupCursor(cursor));
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
    isCursor: async (text, group) =>
      (group === undefined ? readCursor(text) : readGroupCursor(text)) !== undefined,
    async groups({ states = [], limit, cursor }) {
      const groups = await index.groups({ states, limit: limit + 1, behind: readGroupsCursor(cursor) });
      const page = groups.slice(0, limit);
      const last = page.at(-1);
      const next = last && groups.length > limit ? `${last.last}.${last.key}` : undefined;
      return { items: await described(page), next };
    },
    isGroupsCursor: async (text) => readGroupsCursor(text) !== undefined,
    async group(key) {
      const group = await index.group(key);
      return group && (await described([group]))[0];
    },
    async mark(key, mark) {
      const known = await index.mark(key, storable(mark));
      await index.forgetMarks(clock() - marksKeptMs);
      return known;
    },
    openItems: async () => await index.openItems(),
    async find(id) {
      const delivery = await findDelivery(id);
      if (delivery) return deliveryFailure(keptWake(delivery.job), delivery);
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
      const emptied: WakeJob[] = [];
      for await (const job of failedJobsFrom(contacts, undefined)) {
        parked.add(job.data.contact);
        if (partsOf(keptWake(job)).length === 0) emptied.push(job);
      }
      // Whoever took the last piece was cut off before the wake-up was gone.
      for (const job of emptied) await remove(job);
      const refs = [...parked];
      for (let at = 0; at < refs.length; at += guardContactsMax) {
        await mailbox.remember(refs.slice(at, at + guardContactsMax));
      }
      await index.build();
      await index.forgetMarks(clock() - marksKeptMs);
      guardedAt = clock();
    },
  };
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

/** Behind an item of a group. */
function readGroupCursor(text = ""): Behind | undefined {
  const [, at, id] = /^g\.(\d{1,15})\.(\w{1,70}(?:\.\d{1,6})?)$/.exec(text) ?? [];
  return at === undefined || id === undefined ? undefined : { at: Number(at), id };
}

/** Behind a group. */
function readGroupsCursor(text = ""): Behind | undefined {
  const [, at, id] = /^(\d{1,15})\.([de][0-9a-f]{12})$/.exec(text) ?? [];
  return at === undefined || id === undefined ? undefined : { at: Number(at), id };
}

function deliveryFailure(
  job: { readonly id: string; readonly data: WakeJobData },
  { item, index }: { readonly item: Parked; readonly index: number },
): Failure {
  const { reason, status, message, at, attempts, updates } = item;
  return {
    id: parkedId(job.id, index),
    kind: "delivery",
    contact: job.data.contact,
    reason,
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { message }),
    at,
    attempts,
    fields: fieldsOf(item),
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
