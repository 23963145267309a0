import type { StoreNote } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";

const repeatEveryMs = 30_000;

/** The store's part of the log: during an outage every connection fails again and again in the same words. */
export function createStoreLog(log: Logger, clock: () => number) {
  const seen = new Map<string, { at: number; more: number }>();

  /** How often the same was held back since it was last written; undefined when it is not time yet. */
  function due(text: string): number | undefined {
    const last = seen.get(text);
    if (last && clock() - last.at < repeatEveryMs) {
      last.more += 1;
      return undefined;
    }
    if (seen.size > 1_000) seen.clear();
    seen.set(text, { at: clock(), more: 0 });
    return last?.more ?? 0;
  }

  return {
    error(error: Error, where: string): void {
      const repeated = due(error.message);
      if (repeated !== undefined) log.warn({ err: error, where, repeated }, "store error");
    },
    note({ level, message }: StoreNote): void {
      const text = `store: ${message}`;
      switch (level) {
        case "info":
          return log.info(text);
        case "warning":
          return log.warn(text);
        case "error":
          return log.error(text);
      }
    },
    away(reason: string): void {
      const repeated = due(reason);
      if (repeated === undefined) return;
      log.warn({ reason, repeated }, "the store is not there yet: it is tried again until it is");
    },
  };
}
