import type { StoreOptions } from "../store.ts";
import type { SqlClient } from "./client.ts";
import { relaySchema } from "./schema.ts";

const forgottenMax = 10_000;
const stepMax = 1_000;
const ageEveryMinMs = 1_000;
const ageEveryMaxMs = 60_000;
/** What is old goes so many times within one retention. */
const agesPerRetention = 100;

export interface Pruner {
  /** To be told how many events have finished; forgets the oldest ones now and then. */
  finished(count: number): void;
  /** To be told that time goes by; forgets what is old now and then. */
  passing(): void;
}

/**
 * Keeps the records of finished events within their number and age, and forgets deduplication windows that are over.
 * In steps, because finding out which ones are too many goes through all that are kept.
 */
export function createPruner(pool: SqlClient, options: StoreOptions, clock: () => number): Pruner {
  const schema = `"${relaySchema(options.prefix)}"`;
  const step = Math.min(stepMax, Math.max(1, Math.floor(options.retentionEvents / 100)));
  const keep = Math.max(0, options.retentionEvents - (step - 1));
  const ageEveryMs = Math.min(ageEveryMaxMs, Math.max(ageEveryMinMs, options.retentionMs / agesPerRetention));
  let sinceLast = 0;
  let agedAt = clock();
  let pruning = false;

  /** One that is being replayed or erased just now is left for the next time. */
  async function forget(which: string, params: readonly unknown[]): Promise<void> {
    await pool.query(
      `WITH old AS (
         SELECT id FROM ${schema}.event_state WHERE state = 'completed' AND id IN (${which}) FOR UPDATE SKIP LOCKED
       ), gone AS (
         DELETE FROM ${schema}.event_state s USING old WHERE s.id = old.id
       )
       DELETE FROM ${schema}.event e USING old WHERE e.id = old.id`,
      params,
    );
  }

  async function forgetSurplus(): Promise<void> {
    sinceLast = 0;
    await forget(
      `SELECT id FROM ${schema}.event_state WHERE state = 'completed'
       ORDER BY finished_at DESC, id DESC OFFSET $1 LIMIT ${forgottenMax}`,
      [keep],
    );
  }

  async function forgetOld(): Promise<void> {
    const now = clock();
    agedAt = now;
    await forget(
      `SELECT id FROM ${schema}.event_state WHERE state = 'completed' AND finished_at <= $1
       ORDER BY finished_at, id LIMIT ${forgottenMax}`,
      [Math.floor(now - options.retentionMs)],
    );
    await pool.query(
      `DELETE FROM ${schema}.event_window WHERE id IN (
         SELECT id FROM ${schema}.event_window WHERE expires_at <= $1
         LIMIT ${forgottenMax} FOR UPDATE SKIP LOCKED)`,
      [now],
    );
  }

  const isSurplusDue = () => sinceLast >= step;
  const isAgeDue = () => clock() - agedAt >= ageEveryMs;

  async function pruneWhileDue(): Promise<void> {
    pruning = true;
    try {
      while (isSurplusDue() || isAgeDue()) {
        if (isSurplusDue()) await forgetSurplus();
        await forgetOld();
      }
    } catch (error) {
      options.onError(error instanceof Error ? error : new Error(String(error)), "retention");
    } finally {
      pruning = false;
    }
  }

  function passing(): void {
    if (!pruning && (isSurplusDue() || isAgeDue())) void pruneWhileDue();
  }

  return {
    finished(count) {
      sinceLast += count;
      passing();
    },
    passing,
  };
}
