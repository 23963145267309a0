import { setTimeout as sleep } from "node:timers/promises";
import type { Drained } from "./drain.ts";

/** Resolves after `ms`, or as soon as the signal is aborted. Never rejects. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

export const waitReally: Wait = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

/** What is run for as long as the process lives, one thing at a time. */
export interface Work {
  /** Looks for files of other processes; true when it took over some. */
  look(): Promise<boolean>;
  drain(): Promise<Drained>;
  /** The first error of a row. */
  failed(cause: unknown): void;
}

export interface Runner {
  start(work: Work): void;
  /** There is something to drain. */
  wake(): void;
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>;
}

const retryDelayFirstMs = 250;
const retryDelayMaxMs = 5_000;

/** Doubling, with jitter, so that replicas do not come all at once. `random` in [0, 1). */
export function retryDelayMs(failures: number, random: number): number {
  const fullMs = Math.min(retryDelayFirstMs * 2 ** Math.min(failures, 16), retryDelayMaxMs);
  return fullMs * (0.5 + random / 2);
}

export function createRunner(options: {
  readonly random: () => number;
  readonly wait: Wait;
  readonly lookEveryMs: number;
}): Runner {
  const { random, wait, lookEveryMs } = options;
  let running: Promise<void> = Promise.resolve();
  const stopping = new AbortController();
  let resting = new AbortController();

  async function step(work: Work): Promise<Drained> {
    const drained = await work.drain();
    return drained === "nothing-left" && (await work.look()) ? "some" : drained;
  }

  async function run(work: Work): Promise<void> {
    let failures = 0;
    let isFailing = false;
    while (!stopping.signal.aborted) {
      resting = new AbortController();
      let drained: Drained;
      try {
        drained = await step(work);
        isFailing = false;
      } catch (error) {
        if (!isFailing) work.failed(error);
        isFailing = true;
        drained = "store-away";
      }
      failures = drained === "store-away" ? failures + 1 : 0;
      if (drained === "some" || stopping.signal.aborted) continue;
      if (drained === "nothing-left") await wait(lookEveryMs, resting.signal);
      else await wait(retryDelayMs(failures - 1, random()), stopping.signal);
    }
  }

  return {
    start(work) {
      running = run(work);
    },
    wake: () => resting.abort(),
    async stop() {
      stopping.abort();
      resting.abort();
      await running;
    },
  };
}
