import type { StoreOptions } from "../store.ts";
import type { SqlClient } from "./client.ts";
import { bullmqSchema } from "./schema.ts";

const expiredMax = 10_000;
const stepMax = 1_000;

export interface Pruner {
  /** To be told of every finished event; forgets the oldest ones now and then. */
  finished(): void;
}

/**
 * Keeps the records of finished events within their number, and forgets deduplication windows that are over, which
 * BullMQ leaves lying. BullMQ's own `removeOnComplete.count` is not used on PostgreSQL: it goes through all kept jobs
 * for every one that finishes (138 ms each with 100,000 kept), and parallel runs leave more than the number.
 */
export function createPruner(
  pool: SqlClient,
  queue: string,
  options: StoreOptions,
  clock: () => number,
): Pruner {
  const step = Math.min(stepMax, Math.max(1, Math.floor(options.retentionEvents / 100)));
  const keep = Math.max(0, options.retentionEvents - (step - 1));
  let sinceLast = 0;
  let pruning = false;

  async function prune(): Promise<void> {
    await pool.query(
      `DELETE FROM ${bullmqSchema}.job WHERE queue = $1 AND id IN (
         SELECT id FROM ${bullmqSchema}.job WHERE queue = $1 AND state = 'completed'
         ORDER BY finished_at_ms DESC, seq DESC OFFSET $2)`,
      [queue, keep],
    );
    await pool.query(
      `DELETE FROM ${bullmqSchema}.dedup WHERE queue = $1 AND dedup_id IN (
         SELECT dedup_id FROM ${bullmqSchema}.dedup WHERE queue = $1 AND expire_at_ms <= $2
         LIMIT $3 FOR UPDATE SKIP LOCKED)`,
      [queue, clock(), expiredMax],
    );
  }

  async function pruneWhileDue(): Promise<void> {
    pruning = true;
    try {
      while (sinceLast >= step) {
        sinceLast = 0;
        await prune();
      }
    } catch (error) {
      options.onError(error instanceof Error ? error : new Error(String(error)), "retention");
    } finally {
      pruning = false;
    }
  }

  return {
    finished() {
      sinceLast += 1;
      if (sinceLast >= step && !pruning) void pruneWhileDue();
    },
  };
}
