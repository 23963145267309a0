import type { RelayEvent } from "../contact/event.ts";
import type { Acceptance, EventLog } from "./event-log.ts";

type Accept = EventLog["accept"];

export interface AcceptBatchesOptions {
  /** Writes that may be under way at once. */
  readonly writesMax: number;
  /** Events of one write at most; a call that brings more is a write of its own. */
  readonly eventsMax?: number;
  /** Whether an error is about what is in the batch, not about the store: then the calls are tried one by one. */
  readonly isAboutContent: (error: unknown) => boolean;
}

interface Call {
  readonly events: readonly RelayEvent[];
  readonly resolve: (acceptances: readonly Acceptance[]) => void;
  readonly reject: (error: unknown) => void;
}

/** More than that goes into the next write. */
const eventsMaxUsually = 256;
const batchBytesMax = 4_000_000;

/**
 * Gathers the calls of one turn of the event loop into one write, and those that come while the writes are under way into
 * the next. Each call is still taken whole or not at all, and an idle store makes nobody wait.
 */
export function createAcceptBatches(accept: Accept, options: AcceptBatchesOptions): Accept {
  const { eventsMax = eventsMaxUsually } = options;
  let calls: Call[] = [];
  let writes = 0;
  let scheduled = false;

  function schedule(): void {
    if (scheduled || calls.length === 0 || writes >= options.writesMax) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      const batch = nextBatch();
      if (batch.length > 0) void write(batch);
      schedule();
    });
  }

  function nextBatch(): readonly Call[] {
    let events = 0;
    let bytes = 0;
    let count = 0;
    for (const call of calls) {
      events += call.events.length;
      bytes += call.events.reduce((sum, { payload }) => sum + payload.length, 0);
      if (count > 0 && (events > eventsMax || bytes > batchBytesMax)) break;
      count += 1;
    }
    return calls.splice(0, count);
  }

  async function write(batch: readonly Call[]): Promise<void> {
    writes += 1;
    try {
      await writeTogether(batch);
    } finally {
      writes -= 1;
      schedule();
    }
  }

  async function writeTogether(batch: readonly Call[]): Promise<void> {
    try {
      const acceptances = await accept(batch.flatMap(({ events }) => events));
      let next = 0;
      for (const { events, resolve } of batch) {
        resolve(acceptances.slice(next, next + events.length));
        next += events.length;
      }
    } catch (error) {
      if (batch.length > 1 && options.isAboutContent(error)) {
        for (const call of batch) await writeTogether([call]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  return async (events) => {
    if (events.length === 0) return [];
    return await new Promise<readonly Acceptance[]>((resolve, reject) => {
      calls.push({ events, resolve, reject });
      schedule();
    });
  };
}
