import type { RelayEvent } from "../../src/contact/event.ts";
import type { EventResult, Store, StoreOptions, WakeJobData } from "../../src/store/store.ts";
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

/** Runs `work` while events are processed. */
export async function withEventWorker<Result>(
  store: Store,
  process: (event: RelayEvent) => Promise<EventResult>,
  work: () => Promise<Result>,
): Promise<Result> {
  const worker = store.startWorker<RelayEvent, EventResult>("events", (job) => process(job.data), {
    concurrency: 2,
  });
  try {
    return await work();
  } finally {
    await worker.close();
  }
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
  const worker = store.startWorker<WakeJobData, void>(
    "contacts",
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
