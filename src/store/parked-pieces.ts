import type { KeptJob } from "./archive.ts";
import type { Parked } from "./mailbox-port.ts";
import { groupOfPiece, isTaken, taken } from "./parked-groups.ts";
import type { ReplaceData, WakeJob, WakeQueue } from "./queues.ts";
import { parkedId } from "./wakes.ts";

/** A wake-up as it is kept, as far as what it set aside needs it. */
type KeptWake = Pick<KeptJob, "id" | "data" | "attempts" | "acceptedAt" | "finishedAt" | "failure">;

export function keptWake(job: WakeJob): KeptWake {
  const { id = "", data, attemptsMade: attempts, timestamp: acceptedAt } = job;
  return { id, data, attempts, acceptedAt, finishedAt: job.finishedOn, failure: job.failedReason };
}

/** A wake-up that failed without setting anything aside (a bug) still names its contact, whose updates still wait. */
export function failedWhole(message: string, at: number, attempts: number): Parked {
  return { reason: "failed", message, at, attempts, updates: [] };
}

/** What a failed wake-up still holds, each with its place. */
export function partsOf(job: KeptWake): { readonly item: Parked; readonly index: number }[] {
  const { failure = "unknown", finishedAt = job.acceptedAt } = job;
  const parked = job.data.parked ?? [failedWhole(failure, finishedAt, job.attempts)];
  return parked.flatMap((item, index) => (isTaken(item) ? [] : [{ item, index }]));
}

/** One piece as the index knows it. */
export interface IndexedPiece {
  readonly id: string;
  readonly group: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function piecesOf(job: KeptWake): readonly IndexedPiece[] {
  return partsOf(job).map(({ item, index }) => ({
    id: parkedId(job.id, index),
    group: groupOfPiece(item),
    at: Math.round(item.at),
  }));
}

/** Each attempt that fails is one by which somebody else has taken a piece. */
const takeAttemptsMax = 100;

/** Takes what a failed wake-up holds out of it, all of it or what is meant, so that nothing is left when it goes. */
export async function emptyWake(
  id: string,
  queue: Pick<WakeQueue, "getJob">,
  replaceData: ReplaceData,
  isMeant: (item: Parked) => boolean = () => true,
): Promise<void> {
  for (let attempt = 0; attempt < takeAttemptsMax; attempt += 1) {
    const job = await queue.getJob(id);
    if (!job || (await job.getState()) !== "failed") return;
    const { parked = [] } = job.data;
    const meant = partsOf(keptWake(job)).filter(({ item }) => isMeant(item));
    if (meant.length === 0) return;
    const after = { ...job.data, parked: parked.map((item) => (isMeant(item) ? taken : item)) };
    const gone = meant.map(({ index }) => parkedId(id, index));
    if (await replaceData(id, job.data, after, gone)) return;
  }
  throw new Error(`wake-up ${id} is being changed by others all the time`);
}
