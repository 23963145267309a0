import type { QueueName } from "../store/store.ts";

/** A job that could be taken at once and still lies there after this long has nobody who takes it. */
const patienceMs = 30_000;

export interface Canary {
  /** A run has begun: the queue's worker takes jobs. */
  began(queue: QueueName): void;
  ended(queue: QueueName): void;
  /** Looks at the queues. Does not reject: a store that is away says nothing about the workers. */
  look(): Promise<void>;
  /** Queues whose worker has silently stopped taking jobs. */
  silent(): readonly QueueName[];
}

/**
 * A worker may stop taking jobs without an error: a blocking read that never returns, a queue that somebody paused. It
 * still calls itself running then. So: a job has been due for long, there was room for it, and none was begun.
 */
export function createCanary(options: {
  readonly due: () => Promise<readonly QueueName[]>;
  readonly concurrency: Readonly<Record<QueueName, number>>;
  readonly clock: () => number;
}): Canary {
  const { clock, concurrency } = options;
  const running: Record<QueueName, number> = { events: 0, contacts: 0 };
  /** Since when a queue has had a job due, and room, and no run begun. */
  const idleSince = new Map<QueueName, number>();

  return {
    began(queue) {
      running[queue] += 1;
      idleSince.delete(queue);
    },
    ended(queue) {
      running[queue] -= 1;
    },
    async look() {
      const due = await options.due().catch((): readonly QueueName[] => []);
      for (const queue of ["events", "contacts"] as const) {
        if (!due.includes(queue) || running[queue] >= concurrency[queue]) idleSince.delete(queue);
        else if (!idleSince.has(queue)) idleSince.set(queue, clock());
      }
    },
    silent: () => [...idleSince].flatMap(([queue, since]) => (clock() - since >= patienceMs ? [queue] : [])),
  };
}
