import { setTimeout as sleep } from "node:timers/promises";
import type { WakeProcessor } from "./store.ts";

const lookEveryMs = 250;

/** A processor that knows how many of its runs are under way. */
export function countRuns(processor: WakeProcessor) {
  let running = 0;
  const counted: WakeProcessor = async (job, token) => {
    running += 1;
    try {
      return await processor(job, token);
    } finally {
      running -= 1;
    }
  };
  return { counted, running: () => running };
}

/**
 * Closes a worker as BullMQ does, which waits for the store as long as it takes; but a worker with nothing under way
 * does not wait for a store that is away: nothing would be finished by that.
 */
export async function closeWorker(worker: {
  close(): Promise<void>;
  running(): number;
  storeAnswers(): Promise<boolean>;
  letGo(): void;
}): Promise<void> {
  let closed = false;
  const closing = worker.close().finally(() => {
    closed = true;
  });
  // Whoever stops waiting for it is not told of its failure either.
  closing.catch(() => undefined);
  for (;;) {
    await Promise.race([closing, sleep(lookEveryMs, undefined, { ref: false })]);
    if (closed) return;
    if (worker.running() === 0 && !(await worker.storeAnswers())) break;
  }
  worker.letGo();
}
