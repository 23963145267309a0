import { setTimeout as sleep } from "node:timers/promises";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { EventLog } from "./event-log.ts";
import { failedJobsFrom } from "./failed-jobs.ts";
import type { Replays } from "./replays.ts";
import { emptyWake, keptWake, partsOf } from "./parked-pieces.ts";
import type { ParkedIndex } from "./parked-index.ts";
import type { ReplaceData, WakeJob, WakeQueue } from "./queues.ts";
import type { Mailbox, Parked } from "./store.ts";

export interface ErasureParts {
  readonly events: Pick<EventLog, "erase">;
  readonly contacts: WakeQueue;
  readonly mailbox: Mailbox;
  readonly replays: Pick<Replays, "forget">;
  readonly parked: Pick<ParkedIndex, "pend">;
  readonly replaceData: ReplaceData;
  /** Forgets what the queue tells of its jobs to whoever listens, which is nobody here. */
  readonly forgetNews: () => Promise<void>;
}

function names(item: Parked, contact: ContactRef): boolean {
  return item.updates.some((update) => update.contact === contact);
}

export interface Erasure {
  contact(contact: ContactRef): Promise<number>;
}

/**
 * A run that began before needs a moment to end and would then store what it knows. Longer than a job stays locked by a
 * process that died, and than a sender's API is waited for.
 */
const endWithinMs = 15_000;
const lookEveryMs = 50;
/** It may be taken and put back by a worker each time. */
const removeTriesMax = 5;

export function createErasure(parts: ErasureParts): Erasure {
  const { events, contacts, mailbox } = parts;

  async function eraseWakeUp(job: WakeJob): Promise<void> {
    if (job.id === undefined || (await isRemoved(job))) return;
    // With its mailbox gone, a run that has set nothing aside yet finds nothing to settle and ends without a trace.
    await untilEnded(job.id);
    const ended = await contacts.getJob(job.id);
    if (!ended || (await isRemoved(ended)) || !ended.data.parked) return;
    if ((await ended.getState()) !== "active") return;
    await parts.parked.pend(job.id, []);
    await ended.updateData({ contact: ended.data.contact });
  }

  /** Waits while a run is under way that has set something aside. */
  async function untilEnded(id: string): Promise<void> {
    for (let leftMs = endWithinMs; leftMs > 0; leftMs -= lookEveryMs) {
      const job = await contacts.getJob(id);
      if (!job?.data.parked || (await job.getState()) !== "active") return;
      await sleep(lookEveryMs);
    }
  }

  /** False while a run of it is under way. */
  async function isRemoved(job: WakeJob): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        await emptyWake(job.id ?? "", contacts, parts.replaceData);
        await job.remove();
        return true;
      } catch (error) {
        const state = await job.getState();
        if (state === "unknown") return true;
        if (state === "active") return false;
        // Its run has ended in between.
        if (tries === removeTriesMax) throw error;
      }
    }
  }

  /** One that fails meanwhile gives up its key and is listed as failed: asked for in the other order, it could be missed. */
  async function eraseWakeUps(contact: ContactRef): Promise<void> {
    const current = await contacts.getDeduplicationJobId(contact);
    const waking = current === null ? undefined : await contacts.getJob(current);
    if (waking) await eraseWakeUp(waking);
    const failed: WakeJob[] = [];
    const others: WakeJob[] = [];
    for await (const job of failedJobsFrom(contacts, undefined)) {
      if (job.data.contact === contact) failed.push(job);
      else if (job.data.parked?.some((item) => names(item, contact))) others.push(job);
    }
    for (const job of failed) await eraseWakeUp(job);
    // What was tried by another of its names was set aside there.
    for (const job of others) {
      await emptyWake(job.id ?? "", contacts, parts.replaceData, (item) => names(item, contact));
      const left = await contacts.getJob(job.id ?? "");
      if (left && partsOf(keptWake(left)).length === 0) await left.remove();
    }
  }

  /** What its events want of it waits by another of its names, as long as the API has it by none. */
  async function withdraw(other: ContactRef, ids: ReadonlySet<string>): Promise<void> {
    const { waiting } = await mailbox.read(other, false);
    const done = waiting.filter(({ eventId }) => ids.has(eventId)).map(({ id }) => id);
    if (done.length > 0) await mailbox.settle(other, { done, applied: {} });
  }

  return {
    async contact(contact) {
      // The mailbox knows the events, so it outlasts them: an erasure that failed can be repeated.
      const ids = await mailbox.eventIds(contact);
      const awaiting = await mailbox.awaiting([contact]);
      await events.erase(ids);
      await parts.replays.forget(contact);
      const all = await mailbox.erase(contact);
      for (const other of awaiting) await withdraw(other, new Set([...ids, ...all]));
      await events.erase(all.filter((id) => !ids.includes(id)));
      // Only from here on can nothing be set aside any more: what is to be settled must still wait.
      await eraseWakeUps(contact);
      await parts.forgetNews();
      return new Set([...ids, ...all]).size;
    },
  };
}
