import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { startReplayRunner } from "../delivery/replays/runner.ts";
import { replayLine } from "../http/replays.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export interface ReplayingOptions {
  readonly store: Store;
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "replayEvents" | "onReplays" | "storeError">;
}

export interface Replaying {
  /** Sets nothing waiting any more; what is under way goes on where another process takes it over. */
  close(): Promise<void>;
}

/** Carries out the replays of one workspace, and tells the operator of them. */
export function startReplaying({ store, clock, log, metrics }: ReplayingOptions): Replaying {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const runner = startReplayRunner({
    store,
    clock,
    sleep: async (delayMs) =>
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined),
    stopping: stopping.signal,
    counted: (outcome, count) => metrics.replayEvents(outcome, count),
    began: ({ replay }) => {
      const { replayed } = replay.progress;
      const text = replayed === 0 ? "a replay begins" : "a replay goes on";
      log.info({ ...replayLine(replay), replayed }, text);
    },
    ended({ replay }, { kind, progress, message }) {
      const { replayed, skipped, failed } = progress;
      const about = { replay: replay.id, of: replay.total, replayed, skipped, failed };
      switch (kind) {
        case "done":
          return log.info(about, "a replay is done");
        case "failed":
          return log.error({ ...about, message }, "a replay has failed; what it replayed stays so");
        case "given up":
          return log.info(about, "a replay ends here: it was stopped, or another process goes on with it");
      }
    },
    onError(error) {
      metrics.storeError("replay");
      log.warn({ err: error }, "a replay could not go on; it will be tried again");
    },
  });
  metrics.onReplays(() => runner.running());
  return {
    async close() {
      stopping.abort();
      await runner.close();
    },
  };
}
