import { setTimeout as sleep } from "node:timers/promises";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { EventLog } from "./event-log.ts";
import { failedJobsFrom } from "./failed-jobs.ts";
import type { WakeJob, WakeQueue } from "./queues.ts";
import type { Mailbox } from "./store.ts";

export interface ErasureParts {
  readonly events: Pick<EventLog, "erase">;
  readonly contacts: WakeQueue;
  readonly mailbox: Mailbox;
  /** Forgets what the queue tells of its jobs to whoever listens, which is nobody here. */
  readonly forgetNews: () => Promise<void>;
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
    if ((await ended.getState()) === "active") await ended.updateData({ contact: ended.data.contact });
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
    for await (const job of failedJobsFrom(contacts, undefined)) {
      if (job.data.contact === contact) failed.push(job);
    }
    for (const job of failed) await eraseWakeUp(job);
  }

  return {
    async contact(contact) {
      // The mailbox knows the events, so it outlasts them: an erasure that failed can be repeated.
      const ids = await mailbox.eventIds(contact);
      await events.erase(ids);
      const all = await mailbox.erase(contact);
      await events.erase(all.filter((id) => !ids.includes(id)));
      // Only from here on can nothing be set aside any more: what is to be settled must still wait.
      await eraseWakeUps(contact);
      await parts.forgetNews();
      return new Set([...ids, ...all]).size;
    },
  };
}
