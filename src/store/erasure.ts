import { setTimeout as sleep } from "node:timers/promises";
import type { ContactRef } from "../contact/contact-ref.ts";
import { failedJobsFrom } from "./failed-jobs.ts";
import { isEventId, withdrawnEvent, type EventQueue, type StoredJob, type WakeQueue } from "./queues.ts";
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

/** An event that has posted its update needs only a moment more to finish, and would then store its result. */
const finishWithinMs = 5_000;
const lookEveryMs = 50;

export function createErasure(parts: ErasureParts): Erasure {
  const { events, contacts, mailbox } = parts;

  async function eraseEvent(id: string): Promise<void> {
    const job = isEventId(id) ? await events.getJob(id) : undefined;
    if (!job) return;
    await job.updateData(withdrawnEvent(job.data, "erased"));
    await parts.forgetOutcome(id);
    // Parked without a payload it could only be dropped: it runs once more and ends as erased.
    if ((await job.getState()) === "failed") await job.retry("failed", { resetAttemptsMade: true });
  }

  async function eraseEvents(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      try {
        await eraseEvent(id);
      } catch (error) {
        // Its retention may have ended just now.
        if (await events.getJob(id)) throw error;
      }
    }
  }

  async function untilFinished(ids: readonly string[]): Promise<void> {
    let leftMs = finishWithinMs;
    for (const id of ids) {
      while (leftMs > 0 && (await (await events.getJob(id))?.getState()) === "active") {
        await sleep(lookEveryMs);
        leftMs -= lookEveryMs;
      }
    }
  }

  /** A run that is under way finds its mailbox empty and ends; until then its job names the contact. */
  async function eraseWakeUp(job: StoredJob<WakeJobData, void>): Promise<void> {
    try {
      await job.remove();
    } catch (error) {
      const state = await job.getState();
      if (state === "active") await job.updateData({ contact: job.data.contact });
      else if (state !== "unknown") throw error;
    }
  }

  async function eraseWakeUps(contact: ContactRef): Promise<void> {
    const found: StoredJob<WakeJobData, void>[] = [];
    for await (const job of failedJobsFrom(contacts, undefined)) {
      if (job.data.contact === contact) found.push(job);
    }
    const current = await contacts.getDeduplicationJobId(contact);
    const waking = current === null ? undefined : await contacts.getJob(current);
    for (const job of waking ? [...found, waking] : found) await eraseWakeUp(job);
  }

  return {
    events: eraseEvents,
    async contact(contact) {
      // The mailbox knows what else there is to erase, so it goes last: an erasure that failed can be repeated.
      const ids = await mailbox.eventIds(contact);
      await untilFinished(ids);
      await eraseEvents(ids);
      await eraseWakeUps(contact);
      const all = await mailbox.erase(contact);
      const late = all.filter((id) => !ids.includes(id));
      await untilFinished(late);
      await eraseEvents(late);
      await parts.forgetNews();
      return new Set([...ids, ...all]).size;
    },
  };
}
