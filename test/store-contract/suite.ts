import { UnrecoverableError } from "bullmq";
import type { RelayEvent } from "../../src/contact/event.ts";
import type { Claimed, Conclusion, EventResult } from "../../src/store/event-log.ts";
import type { Store, StoreOptions } from "../../src/store/store.ts";
import { until } from "../helpers/relay-process.ts";

export interface OpenedForTest {
  readonly store: Store;
  /** Closes the store and opens it again on the same data. */
  reopen?(): Promise<Store>;
  dispose(): Promise<void>;
}

export type OpenForTest = (overrides?: Partial<StoreOptions>) => Promise<OpenedForTest>;

/** What the parts of the contract share. */
export interface Suite {
  /** One store for every test that does not care what else is in it. */
  store(): Store;
  /** Runs `work` on a store of its own. */
  withStore(overrides: Partial<StoreOptions>, work: (opened: OpenedForTest) => Promise<void>): Promise<void>;
}

export const ignored: EventResult = { outcome: "ignored", reason: "no-identifier", warnings: [] };

export async function stateOf(store: Store, id: string) {
  return (await store.events.find(id))?.state;
}

export interface PutOff {
  readonly putOff: { readonly delayMs: number; readonly reason: string };
}

export type EventProcess = (event: RelayEvent) => Promise<EventResult | PutOff>;

/** Works on events as a relay does, one claim of so many after the other, until it is closed. */
export function startEventWorker(store: Store, process: EventProcess, limit = 1): { close(): Promise<void> } {
  const closing = new AbortController();
  async function conclusionOf(claimed: Claimed): Promise<Conclusion> {
    try {
      const result = await process(claimed.event);
      if ("putOff" in result) return { kind: "delayed", claimed, ...result.putOff };
      return { kind: "completed", claimed, result };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof UnrecoverableError) return { kind: "failed", claimed, reason };
      return { kind: "delayed", claimed, reason, delayMs: 5 };
    }
  }
  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const claimed = await store.events.claim(limit);
      const conclusions: Conclusion[] = [];
      for (const one of claimed) conclusions.push(await conclusionOf(one));
      await store.wakeAll(await store.events.conclude(conclusions));
      if (claimed.length === 0) await store.events.arrival();
    }
  }
  const running = run();
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** Runs `work` while events are processed. */
export async function withEventWorker<Result>(
  store: Store,
  process: EventProcess,
  work: () => Promise<Result>,
): Promise<Result> {
  const worker = startEventWorker(store, process);
  try {
    return await work();
  } finally {
    await worker.close();
  }
}

/** The events that wait to be mapped, in their turn. */
export async function waitingEvents(store: Store): Promise<RelayEvent[]> {
  const events: RelayEvent[] = [];
  for await (const record of store.archive.export()) {
    if (record.kind === "event" && record.state === "waiting") events.push(record.event);
  }
  return events;
}

export function isIdle(
  counts: Awaited<ReturnType<Store["counts"]>>,
  queue: "events" | "contacts" = "contacts",
) {
  const { waiting, active, delayed } = counts[queue];
  return waiting + active + delayed === 0;
}

/** A worker on `contacts` whose runs stay inside until they are let go. */
export function gatedWorker(store: Store) {
  let runs = 0;
  let letGo = () => undefined as void;
  const worker = store.startWorker(
    async () => {
      runs += 1;
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
    },
    { concurrency: 4 },
  );
  return {
    worker,
    runs: () => runs,
    letGo: () => letGo(),
    entered: (count: number) => until(() => runs >= count, 10_000, `run ${count}`),
  };
}
