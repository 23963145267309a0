import { setTimeout as sleep } from "node:timers/promises";
import type { ContactRef } from "../contact/contact-ref.ts";
import { failedJobsFrom } from "./failed-jobs.ts";
import {
  isEventId,
  runOnceMore,
  withdrawnEvent,
  type EventQueue,
  type StoredJob,
  type WakeQueue,
} from "./queues.ts";
import type { Mailbox, WakeJobData } from "./store.ts";

export interface ErasureParts {
  readonly events: EventQueue;
  readonly contacts: WakeQueue;
  readonly mailbox: Mailbox;
  /** Forgets what an event's job keeps beside its data: its result, or why it failed. */
  readonly forgetOutcome: (id: string) => Promise<void>;
  /** Forgets what the queues tell of their jobs to whoever listens, which is nobody here. */
  readonly forgetNews: () => Promise<void>;
}

export interface Erasure {
  events(ids: readonly string[]): Promise<void>;
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

  /** Whatever reads an event's job from now on finds nothing of a person in it. */
  async function withdraw(id: string): Promise<void> {
    const job = isEventId(id) ? await events.getJob(id) : undefined;
    await job?.updateData(withdrawnEvent(job.data, "erased"));
  }

  async function forgetRun(id: string): Promise<void> {
    const job = isEventId(id) ? await events.getJob(id) : undefined;
    if (!job) return;
    await parts.forgetOutcome(id);
    // Parked without a payload it could only be dropped: it runs once more and ends as erased.
    if ((await job.getState()) === "failed") await runOnceMore(job, "failed");
  }

  async function each(ids: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
    for (const id of ids) {
      try {
        await work(id);
      } catch (error) {
        // Its retention may have ended just now.
        if (await events.getJob(id)) throw error;
      }
    }
  }

  /** A run that has the data of before stores its result when it ends, so that is what is forgotten last. */
  async function eraseEvents(ids: readonly string[]): Promise<void> {
    await each(ids, withdraw);
    await each(ids, async (id) => {
      await untilEnded(events, id, () => true);
      await forgetRun(id);
    });
  }

  async function eraseWakeUp(job: StoredJob<WakeJobData, void>): Promise<void> {
    if (job.id === undefined || (await isRemoved(job))) return;
    // With its mailbox gone, a run that has set nothing aside yet finds nothing to settle and ends without a trace.
    await untilEnded(contacts, job.id, ({ parked }) => parked !== undefined);
    const ended = await contacts.getJob(job.id);
    if (!ended || (await isRemoved(ended)) || !ended.data.parked) return;
    if ((await ended.getState()) === "active") await ended.updateData({ contact: ended.data.contact });
  }

  /** False while a run of it is under way. */
  async function isRemoved(job: StoredJob<WakeJobData, void>): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
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
    const failed: StoredJob<WakeJobData, void>[] = [];
    for await (const job of failedJobsFrom(contacts, undefined)) {
      if (job.data.contact === contact) failed.push(job);
    }
    for (const job of failed) await eraseWakeUp(job);
  }

  return {
    /** An event that erases does so in its own run, which is not waited for: its result says no more than that. */
    async events(ids) {
      await each(ids, withdraw);
      await each(ids, forgetRun);
    },
    async contact(contact) {
      // The mailbox knows the events, so it outlasts them: an erasure that failed can be repeated.
      const ids = await mailbox.eventIds(contact);
      await eraseEvents(ids);
      const all = await mailbox.erase(contact);
      await eraseEvents(all.filter((id) => !ids.includes(id)));
      // Only from here on can nothing be set aside any more: what is to be settled must still wait.
      await eraseWakeUps(contact);
      await parts.forgetNews();
      return new Set([...ids, ...all]).size;
    },
  };
}

interface EndingQueue<Data> {
  getJob(id: string): Promise<{ readonly data: Data; getState(): Promise<string> } | undefined>;
}

/** Waits while a run is under way that `holds` says is to be waited for. */
async function untilEnded<Data>(
  queue: EndingQueue<Data>,
  id: string,
  holds: (data: Data) => boolean,
): Promise<void> {
  for (let leftMs = endWithinMs; leftMs > 0; leftMs -= lookEveryMs) {
    const job = await queue.getJob(id);
    if (!job || !holds(job.data) || (await job.getState()) !== "active") return;
    await sleep(lookEveryMs);
  }
}
