import {
  replicaDifferences,
  type Replica,
  type ReplicaDifference,
  type SeenReplica,
} from "../store/replicas.ts";
import { withDeadline } from "../store/deadline.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";

export interface ReplicasOptions {
  readonly store: Pick<Store, "replicas">;
  /** Nothing is told before. */
  readonly opened: Promise<unknown>;
  readonly about: Omit<Replica, "configuration" | "configuredAt">;
  readonly configuration: string;
  readonly clock: () => number;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}

/** This process among those that run on the same store. */
export interface OwnReplica {
  readonly id: string;
  list(): Promise<readonly SeenReplica[]>;
  /** It has this configuration from now on. */
  configured(configuration: string): void;
  /** Tells that it has stopped. */
  close(): Promise<void>;
}

const usualEveryMs = 10_000;
/** Two times of telling may fail. */
const keptTimes = 3;
const storeDeadlineMs = 5_000;

/** Tells every few seconds that it runs, as what; and tells the log what the processes have come to differ in. */
export function startReplica(options: ReplicasOptions): OwnReplica {
  const { store, about, clock, everyMs = usualEveryMs } = options;
  let configuration = options.configuration;
  let configuredAt = about.since;
  let isStopped = false;
  let telling: Promise<void> | undefined;
  const differences = createDifferences(options.log);

  const inTime = <Result>(work: Promise<Result>) =>
    withDeadline(work, storeDeadlineMs, "the store did not answer");
  const list = () => inTime(store.replicas.list());

  async function tell(): Promise<void> {
    try {
      await inTime(store.replicas.tell({ ...about, configuration, configuredAt }, keptTimes * everyMs));
      differences.look(await list(), clock());
    } catch (error) {
      options.onError(error);
    }
  }
  function tellOnce(): void {
    if (isStopped) return;
    telling ??= tell().finally(() => {
      telling = undefined;
    });
  }
  const timer = setInterval(tellOnce, everyMs).unref();
  void options.opened.then(tellOnce);

  return {
    id: about.id,
    list,
    configured(now) {
      if (now === configuration) return;
      configuration = now;
      configuredAt = clock();
      void (telling ?? Promise.resolve()).then(tellOnce);
    },
    async close() {
      isStopped = true;
      clearInterval(timer);
      await telling;
      await inTime(store.replicas.forget(about.id));
    },
  };
}

/** Each difference is told once when it has lasted, and once when it is over. */
function createDifferences(log: Logger) {
  let told: readonly ReplicaDifference[] = [];
  return {
    look(replicas: readonly SeenReplica[], now: number): void {
      const differ = replicaDifferences(replicas, now);
      for (const what of differ) {
        if (told.includes(what)) continue;
        const each = replicas.map(({ label, role, [what]: value }) => `${label} (${role}): ${value}`);
        log.warn({ replicas: each }, `the processes on this store differ in their ${what}`);
      }
      for (const what of told) {
        if (!differ.includes(what)) log.info(`the processes on this store are alike again in their ${what}`);
      }
      told = differ;
    },
  };
}
