import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { StoreOptions } from "../store.ts";
import type { SqlClient } from "./client.ts";
import { bullmqSchema, relaySchema } from "./schema.ts";

/** Tables that hold what events tell of people. */
const bullmqTables = ["job", "event", "dedup", "dedup_next"];
const relayTables = [
  "event",
  "event_state",
  "event_window",
  "mailbox_update",
  "mailbox_field",
  "mailbox_contact",
  "mailbox_event",
  "mailbox_history",
  "mailbox_awaited",
  "mailbox_person",
  "replay",
];

/** Everything else waits for a scrub, for about ten seconds with a million rows: not more often than this. */
const scrubEveryMs = 600_000;

export interface Scrubber {
  /** To be told of every erasure. */
  erased(): void;
  /** Does what is still to be done; nothing is scheduled any more. */
  finish(): Promise<void>;
  /** Ends with the statement at hand, and leaves what is still to be done to the next opening. */
  stop(): Promise<void>;
}

/**
 * PostgreSQL only marks deleted rows, and its log repeats them. Nobody else looks after the files of the embedded store,
 * so after an erasure its tables are written anew and the log up to then is removed. A file remembers that this is to be
 * done until it is.
 */
export function createScrubber(
  pool: SqlClient,
  dataDir: string,
  options: Pick<StoreOptions, "onError"> & { readonly prefixes: readonly string[] },
  clock: () => number,
): Scrubber {
  const due = join(dataDir, "scrub-due");
  let timer: NodeJS.Timeout | undefined;
  let scrubbing: Promise<void> | undefined;
  let erasures = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  let stopped = false;
  const statements = [
    ...bullmqTables.map((table) => `VACUUM FULL ${bullmqSchema}.${table}`),
    ...options.prefixes.flatMap((prefix) =>
      relayTables.map((table) => `VACUUM FULL "${relaySchema(prefix)}".${table}`),
    ),
    "SELECT pg_switch_wal()",
    "CHECKPOINT",
  ];

  async function scrub(): Promise<void> {
    const upTo = erasures;
    try {
      for (const statement of statements) {
        await yieldToEventLoop();
        if (stopped) return;
        await pool.query(statement);
      }
      if (erasures === upTo) rmSync(due, { force: true });
    } catch (error) {
      options.onError(error instanceof Error ? error : new Error(String(error)), "scrub");
    }
    lastAt = clock();
  }

  function start(): void {
    timer = undefined;
    scrubbing = scrub();
  }

  function schedule(): void {
    const delayMs = Math.min(scrubEveryMs, Math.max(0, lastAt + scrubEveryMs - clock()));
    timer ??= setTimeout(start, delayMs).unref();
  }

  if (existsSync(due)) schedule();
  return {
    erased() {
      erasures += 1;
      try {
        writeFileSync(due, "");
      } catch (error) {
        options.onError(error instanceof Error ? error : new Error(String(error)), "scrub");
      }
      schedule();
    },
    async finish() {
      clearTimeout(timer);
      await scrubbing;
      if (existsSync(due)) await scrub();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await scrubbing;
    },
  };
}
