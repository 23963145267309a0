import { withDeadline } from "../store/deadline.ts";
import type { Logger } from "../telemetry/logger.ts";

/** What is stopped, in this order: first what brings work, then what does it, then what it is kept in. */
export interface Stoppable {
  readonly closeDoor: (deadlineMs: number) => Promise<void>;
  readonly closeWorkers: () => Promise<void>;
  readonly closeApi: () => Promise<void>;
  readonly closeStore: (deadlineMs: number) => Promise<void>;
}

/** Requests under way are answered within six seconds whatever store and disk do; a slower sender is cut off. */
const requestsDeadlineMs = 6_500;
/** Kept for the store, so that its connections are let go of whatever came before. */
const storeDeadlineMs = 2_000;

/** Stops accepting, finishes, closes, by force at the deadline. True when everything ended by itself. */
export async function shutDown(parts: Stoppable, deadlineMs: number, log: Logger): Promise<boolean> {
  const closeMs = Math.min(storeDeadlineMs, deadlineMs / 4);
  const workMs = deadlineMs - 2 * closeMs;
  const within = (step: string, work: Promise<void>, stepMs: number) =>
    withDeadline(work, stepMs, "not done in time").then(
      () => true,
      (error: unknown) => {
        log.error({ err: error, step }, "shutdown: this step had to be left");
        return false;
      },
    );
  const ended = await Promise.all([
    parts.closeDoor(Math.min(requestsDeadlineMs, workMs)).then(() => true),
    within("workers", parts.closeWorkers(), workMs),
  ]);
  const closed = await Promise.all([
    within("API connections", parts.closeApi(), closeMs),
    within("store", parts.closeStore(closeMs), closeMs + closeMs / 2),
  ]);
  return [...ended, ...closed].every(Boolean);
}
