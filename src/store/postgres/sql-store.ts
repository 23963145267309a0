import {
  createPostgresBackend,
  Queue,
  Worker,
  type JobProgress,
  type PgPool,
  type PostgresQueueBackend,
} from "bullmq";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { RelayEvent } from "../../contact/event.ts";
import { listEvents } from "../event-list.ts";
import { createErasure } from "../erasure.ts";
import { closeWorker, countRuns } from "../closing.ts";
import { createFailures } from "../failures.ts";
import { createPacer, type ChangePace } from "../pace.ts";
import {
  acceptInto,
  findEvent,
  queueCounts,
  replayEvent,
  wakeInto,
  workerOptions,
  type ReplaceData,
} from "../queues.ts";
import type {
  Engine,
  EventResult,
  JobProcessor,
  QueueName,
  StartWorker,
  Store,
  StoreHealth,
  StoreOptions,
  WakeJobData,
} from "../store.ts";
import { withDeadline } from "../deadline.ts";
import { reasonOf } from "../reason.ts";
import type { SqlPool } from "./client.ts";
import { createSqlArchive } from "./archive.ts";
import { createSqlMailbox } from "./mailbox.ts";
import { createPruner } from "./pruner.ts";
import { bullmqSchema } from "./schema.ts";
import { storable, storableError } from "../storable.ts";

/** What BullMQ's PostgreSQL backend needs of a pool, beside what this store uses. */
export type BullmqPool = SqlPool & PgPool;

export interface SqlStoreParts {
  readonly engine: Engine;
  readonly pool: BullmqPool;
  readonly changePace: ChangePace;
  readonly clock: () => number;
  /** Told after a contact was erased from the tables. */
  readonly erased?: () => void;
  readonly closePool: () => Promise<void>;
  /** Cuts every connection without waiting for anything. */
  readonly dropPool: () => void;
}

const answerDeadlineMs = 1_000;

type Backend = PostgresQueueBackend;
type Connection = Parameters<typeof createPostgresBackend>[1]["connection"];

/**
 * BullMQ remembers for ever how its first look at the schema went: had the server been away just then, every later
 * query would fail at once, and a worker that repeats it would let no timer run any more. The schema was brought up
 * to date when the store was opened, so there is nothing to look at.
 */
const createBackend: typeof createPostgresBackend = (name, options, extra) => {
  const backend = createPostgresBackend(name, options, extra);
  backend.connection.waitUntilReady = () => Promise.resolve();
  return backend;
};

/** What is read of waiting events at once, as they lie in the table. */
const waitingBytesMax = 8_000_000;

/** Queue names carry the prefix, because BullMQ's schema is shared by everybody in the database. */
export function queueName(prefix: string, queue: QueueName): string {
  return `${prefix}-${queue}`;
}

/** The store over SQL: PGlite in this process or a PostgreSQL server. */
export function createSqlStore(parts: SqlStoreParts, options: StoreOptions): Store {
  const { pool } = parts;
  const connection = { connection: pool };

  const queueOptions = { ...connection, streams: { events: { maxLen: 100 } } };
  const events = new Queue<
    RelayEvent,
    EventResult,
    string,
    RelayEvent,
    EventResult,
    string,
    Backend,
    Connection
  >(queueName(options.prefix, "events"), queueOptions, createBackend);
  events.on("error", (error) => options.onError(error, "queue events"));
  const contacts = new Queue<WakeJobData, void, string, WakeJobData, void, string, Backend, Connection>(
    queueName(options.prefix, "contacts"),
    queueOptions,
    createBackend,
  );
  contacts.on("error", (error) => options.onError(error, "queue contacts"));

  const { retentionMs } = options;
  const pruner = createPruner(pool, queueName(options.prefix, "events"), options, parts.clock);
  const workers: { close(force: boolean): Promise<void> }[] = [];
  const startWorker: StartWorker = <Data, Result>(
    name: QueueName,
    processor: JobProcessor<Data, Result>,
    own: { concurrency: number },
  ) => {
    const { counted, running } = countRuns(processor);
    const worker = new Worker<Data, Result, string, Backend, JobProgress, Connection>(
      queueName(options.prefix, name),
      writingStorable(counted),
      { ...connection, ...workerOptions, ...own },
      createBackend,
    );
    worker.on("error", (error) => options.onError(error, `worker ${name}`));
    if (name === "events") worker.on("completed", () => pruner.finished());
    workers.push(worker);
    return {
      isRunning: () => worker.isRunning(),
      isPaused: () => worker.isPaused(),
      close: () =>
        closeWorker({
          close: () => worker.close(),
          running,
          storeAnswers: async () => (await health(answerDeadlineMs)).ok,
          // Its connections are the pool's.
          letGo: () => undefined,
        }),
    };
  };

  async function health(deadlineMs: number): Promise<StoreHealth> {
    try {
      await withDeadline(pool.query("SELECT 1"), deadlineMs, "no answer");
      return { ok: true };
    } catch (error) {
      return { ok: false, message: reasonOf(error) };
    }
  }

  const mailbox = createSqlMailbox(pool, options, queueName(options.prefix, "events"), parts.clock);
  const wake = (contact: ContactRef) => wakeInto(contacts, contact);

  /** In one statement, as BullMQ's own reads one job after the other; bounded in bytes too. */
  async function waiting(limit: number): Promise<RelayEvent[]> {
    const { rows } = await pool.query<{ data: RelayEvent }>(
      `SELECT data FROM (
         SELECT data, seq, sum(pg_column_size(data)) OVER (ORDER BY seq) - pg_column_size(data) AS before
         FROM ${bullmqSchema}.job WHERE queue = $1 AND state = 'waiting' ORDER BY seq LIMIT $2
       ) AS oldest WHERE before < $3 ORDER BY seq`,
      [queueName(options.prefix, "events"), limit, waitingBytesMax],
    );
    return rows.map((row) => row.data);
  }

  async function due(): Promise<readonly QueueName[]> {
    const names = ["events", "contacts"] as const;
    const { rows } = await pool.query<{ queue: string }>(
      `SELECT queue FROM unnest($1::text[]) AS queue
       WHERE EXISTS (SELECT 1 FROM ${bullmqSchema}.job WHERE job.queue = queue.queue AND state = 'waiting')
          OR EXISTS (SELECT 1 FROM ${bullmqSchema}.job
                     WHERE job.queue = queue.queue AND state = 'delayed' AND process_at_ms <= $2)`,
      [names.map((name) => queueName(options.prefix, name)), parts.clock()],
    );
    return names.filter((name) => rows.some(({ queue }) => queue === queueName(options.prefix, name)));
  }

  const replaceData: ReplaceData = async (queue, id, before, after) => {
    const { rows } = await pool.query(
      `UPDATE ${bullmqSchema}.job SET data = $4::jsonb WHERE queue = $1 AND id = $2 AND data = $3::jsonb RETURNING id`,
      [queueName(options.prefix, queue), id, JSON.stringify(before), JSON.stringify(after)],
    );
    return rows.length > 0;
  };

  const erasure = createErasure({
    events,
    contacts,
    mailbox,
    async forgetOutcome(id) {
      await pool.query(
        `UPDATE ${bullmqSchema}.job SET failed_reason = NULL, stacktrace = NULL,
           return_value = CASE WHEN return_value IS NULL THEN NULL ELSE '{"outcome":"erased"}'::jsonb END
         WHERE queue = $1 AND id = $2`,
        [queueName(options.prefix, "events"), id],
      );
    },
    async forgetNews() {
      await pool.query(`DELETE FROM ${bullmqSchema}.event WHERE queue = ANY($1::text[])`, [
        [queueName(options.prefix, "events"), queueName(options.prefix, "contacts")],
      ]);
    },
  });

  /** The directory of an embedded store belongs to this process: nobody else can run on it. */
  async function runningWorkers(): Promise<number> {
    if (parts.engine === "embedded") return 0;
    const lists = await Promise.all([events.getWorkers(), contacts.getWorkers()]);
    return Math.max(...lists.map((list) => list.length));
  }

  async function close(deadlineMs: number): Promise<void> {
    // One that could not be closed in time would ask an ended pool again and again, and let no timer run any more.
    for (const worker of workers) void worker.close(true).catch(() => undefined);
    const closing = Promise.all([events.close(), contacts.close()]).then(() => parts.closePool());
    await withDeadline(closing, deadlineMs, "the store did not close in time").catch((error: unknown) => {
      options.onError(error instanceof Error ? error : new Error(String(error)), "close");
      parts.dropPool();
    });
  }

  return {
    engine: parts.engine,
    events: {
      accept: (batch) => acceptInto(events, batch.map(storable), { retentionMs }),
      find: (id) => findEvent(events, id),
      list: (filter, limit, cursor) => listEvents(events, filter, limit, cursor),
      waiting,
      replay: (id) => replayEvent(events, replaceData, id, parts.clock()),
      erase: erasure.events,
    },
    mailbox,
    pacer: createPacer(options.ceiling, parts.changePace),
    failures: createFailures({
      events,
      contacts,
      mailbox,
      replaceData,
      wake,
      retentionMs,
      clock: parts.clock,
    }),
    archive: createSqlArchive(
      {
        pool,
        clock: parts.clock,
        eventsQueue: queueName(options.prefix, "events"),
        contactsQueue: queueName(options.prefix, "contacts"),
        changePace: parts.changePace,
        wakeAll: (jobs) => contacts.addBulk(jobs),
        runningWorkers,
      },
      options,
    ),
    startWorker,
    wake,
    async erase(contact) {
      const count = await erasure.contact(contact);
      parts.erased?.();
      return count;
    },
    counts: async () => ({ events: await queueCounts(events), contacts: await queueCounts(contacts) }),
    due,
    health,
    close,
  };
}

/** Everything a run writes goes through here, because one refused character would make its job run for ever. */
function writingStorable<Data, Result>(processor: JobProcessor<Data, Result>): JobProcessor<Data, Result> {
  return async (job, token) => {
    const updateData = job.updateData.bind(job);
    job.updateData = (data) => updateData(storable(data));
    try {
      return storable(await processor(job, token));
    } catch (error) {
      throw storableError(error);
    }
  };
}
