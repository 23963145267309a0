import {
  createPostgresBackend,
  Queue,
  Worker,
  type JobProgress,
  type PgPool,
  type PostgresQueueBackend,
} from "bullmq";
import { createSignOuts } from "./sign-outs.ts";
import { createAcceptBatches } from "../accept-batches.ts";
import { createErasure } from "../erasure.ts";
import { closeWorker, countRuns } from "../closing.ts";
import type { EventLog } from "../event-log.ts";
import { createFailures } from "../failures.ts";
import { createPacer, type ChangePace } from "../pace.ts";
import { indexing } from "../parked-index.ts";
import { withPastKept } from "../past-numbers.ts";
import { createWaking, queueCounts, workerOptions, type ReplaceData } from "../queues.ts";
import type {
  Engine,
  QueueName,
  StartWorker,
  Store,
  StoreHealth,
  StoreOptions,
  WakeJobData,
  WakeProcessor,
} from "../store.ts";
import { withDeadline } from "../deadline.ts";
import { reasonOf } from "../reason.ts";
import type { SqlPool } from "./client.ts";
import { createSqlAudit } from "./audit.ts";
import { createSqlArchive } from "./archive.ts";
import { createEventCounts } from "./event-counts.ts";
import { createSqlEventLog } from "./event-log.ts";
import { eventTables } from "./event-rows.ts";
import { createSqlMailbox } from "./mailbox.ts";
import { createSqlNumbers } from "./numbers.ts";
import { createSqlParkedIndex } from "./parked-index.ts";
import { parkedTables } from "./parked-tables.ts";
import { bullmqSchema } from "./schema.ts";
import { createSqlNotices } from "./notices.ts";
import { readOldest } from "./oldest.ts";
import { createSqlReplays } from "./replays.ts";
import { createSqlReplicas } from "./replicas.ts";
import { createSqlWakes } from "./wakes.ts";
import { storable, storableError } from "../storable.ts";

/** What BullMQ's PostgreSQL backend needs of a pool, beside what this store uses. */
export type BullmqPool = SqlPool & PgPool;

export interface SqlStoreParts {
  readonly engine: Engine;
  /** See `SqlPools`. */
  readonly pool: BullmqPool;
  readonly working?: BullmqPool;
  readonly changePace: ChangePace;
  /** See `createPacer`. */
  readonly lateSlotsMs?: number;
  readonly clock: () => number;
  /** Told after a contact was erased from the tables. */
  readonly erased?: () => void;
  readonly closePool: () => Promise<void>;
  /** Cuts every connection without waiting for anything. */
  readonly dropPool: () => void;
}

const answerDeadlineMs = 1_000;
/** How soon events are found that another process accepted, or whose time has come. */
const lookForEventsMs = { server: 50, embedded: 250 };
/** A server writes one batch while the next is on its way; the embedded one does one thing at a time. */
const acceptWritesMax = { server: 2, embedded: 1 };
/** Its statements run in this process: a large one would hold up everything else. */
const acceptEventsMax = { server: 256, embedded: 32 };

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

/** Queue names carry the prefix, because BullMQ's schema is shared by everybody in the database. */
export function queueName(prefix: string, queue: QueueName): string {
  return `${prefix}-${queue}`;
}

/** The store over SQL: PGlite in this process or a PostgreSQL server. */
export function createSqlStore(parts: SqlStoreParts, options: StoreOptions): Store {
  const { pool, working = pool } = parts;
  const connection = { connection: working };

  const contactsQueue = queueName(options.prefix, "contacts");
  function openQueue(over: BullmqPool) {
    const queue = new Queue<WakeJobData, void, string, WakeJobData, void, string, Backend, Connection>(
      contactsQueue,
      { connection: over, streams: { events: { maxLen: 100 } } },
      createBackend,
    );
    queue.on("error", (error) => options.onError(error, "queue contacts"));
    return queue;
  }
  const contacts = openQueue(pool);
  const wakes = working === pool ? contacts : openQueue(working);

  const parked = createSqlParkedIndex({ pool, working }, options, contactsQueue, parts.clock);
  const workers: { close(force: boolean): Promise<void> }[] = [];
  const startWorker: StartWorker = (processor, own) => {
    const { counted, running } = countRuns(indexing(processor, parked, parts.clock));
    const worker = new Worker<WakeJobData, void, string, Backend, JobProgress, Connection>(
      contactsQueue,
      writingStorable(counted),
      { ...connection, ...workerOptions, ...own },
      createBackend,
    );
    worker.on("error", (error) => options.onError(error, "worker contacts"));
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

  const kind = parts.engine === "embedded" ? "embedded" : "server";
  const mailbox = createSqlMailbox({ pool, working }, options, parts.clock);
  const replays = createSqlReplays({ pool, working }, options, parts.clock);
  const countEvents = createEventCounts(pool, options.prefix);
  const log = createSqlEventLog({ pool, working }, options, parts.clock, lookForEventsMs[kind]);
  const events: EventLog = {
    ...log,
    accept: createAcceptBatches(log.accept, {
      writesMax: acceptWritesMax[kind],
      eventsMax: acceptEventsMax[kind],
      isAboutContent,
    }),
  };
  const audit = createSqlAudit(pool, options, parts.clock);
  const { raise, letForward } = createSqlWakes(working, contactsQueue);
  const tables = parkedTables(options.prefix);
  const replaceData: ReplaceData = async (id, before, after, gone) => {
    const { rows } = await pool.query(
      `WITH changed AS (
         UPDATE ${bullmqSchema}.job SET data = $4::jsonb WHERE queue = $1 AND id = $2 AND data = $3::jsonb RETURNING id
       ), gone AS (
         DELETE FROM ${tables.piece} p USING changed WHERE p.job_id = changed.id AND p.id = ANY ($5::text[])
         RETURNING p.parked_group, p.counted
       ), moved AS (
         SELECT parked_group AS key, '' AS source, -1 AS change FROM gone WHERE counted
       ), ${tables.counted}
       SELECT id FROM changed`,
      [contactsQueue, id, JSON.stringify(before), JSON.stringify(after), gone],
    );
    return rows.length > 0;
  };
  const { wake, wakeAll, wakeMissing } = createWaking(wakes, raise, replaceData);

  const erasure = createErasure({
    events,
    contacts,
    mailbox,
    replays,
    parked,
    replaceData,
    async forgetNews() {
      await pool.query(`DELETE FROM ${bullmqSchema}.event WHERE queue = $1`, [contactsQueue]);
    },
  });

  /** The directory of an embedded store belongs to this process: nobody else can run on it. */
  async function runningWorkers(): Promise<number> {
    if (parts.engine === "embedded") return 0;
    return (await contacts.getWorkers()).length;
  }

  async function close(deadlineMs: number): Promise<void> {
    // One that could not be closed in time would ask an ended pool again and again, and let no timer run any more.
    for (const worker of workers) void worker.close(true).catch(() => undefined);
    const closing = Promise.all([contacts.close(), wakes.close()]).then(() => parts.closePool());
    await withDeadline(closing, deadlineMs, "the store did not close in time").catch((error: unknown) => {
      options.onError(error instanceof Error ? error : new Error(String(error)), "close");
      parts.dropPool();
    });
  }

  return {
    engine: parts.engine,
    events,
    mailbox,
    pacer: createPacer(options.ceiling, parts.changePace, parts.lateSlotsMs),
    failures: createFailures({
      events,
      contacts,
      mailbox,
      parked,
      replaceData,
      wakeAll,
      retentionMs: options.retentionMs,
      clock: parts.clock,
    }),
    replays,
    notices: createSqlNotices(pool, options),
    archive: createSqlArchive(
      {
        pool,
        clock: parts.clock,
        contactsQueue,
        changePace: parts.changePace,
        audit,
        parked,
        wakeAll: (jobs) => contacts.addBulk(jobs),
        runningWorkers,
      },
      options,
    ),
    audit,
    numbers: withPastKept(createSqlNumbers(working, options.prefix, parts.clock), parts.clock),
    signOuts: createSignOuts(pool, options.prefix, parts.clock),
    replicas: createSqlReplicas(pool, options.prefix, parts.engine === "embedded"),
    startWorker,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same queue over another backend
    wakeQueue: () => contacts as unknown as Queue,
    wake,
    wakeAll,
    wakeMissing,
    letForward,
    async erase(contact) {
      const count = await erasure.contact(contact);
      parts.erased?.();
      return count;
    },
    counts: async () => ({
      events: await countEvents(),
      contacts: await queueCounts(contacts),
    }),
    oldest: () => readOldest(pool, options.prefix),
    due: () => dueQueues(pool, options.prefix, contactsQueue, parts.clock()),
    health,
    close,
  };
}

async function dueQueues(
  pool: SqlPool,
  prefix: string,
  contactsQueue: string,
  now: number,
): Promise<readonly QueueName[]> {
  const log = eventTables(prefix).state;
  const job = `${bullmqSchema}.job`;
  const { rows } = await pool.query<{ events: boolean; contacts: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM ${log} WHERE state = 'waiting')
         OR EXISTS (SELECT 1 FROM ${log} WHERE state IN ('active', 'delayed') AND due_at <= $2) AS events,
       EXISTS (SELECT 1 FROM ${job} WHERE queue = $1 AND state = 'waiting')
         OR EXISTS (SELECT 1 FROM ${job} WHERE queue = $1 AND state = 'delayed' AND process_at_ms <= $2) AS contacts`,
    [contactsQueue, now],
  );
  const names = ["events", "contacts"] as const;
  return names.filter((name) => rows[0]?.[name] === true);
}

/** SQLSTATE class 22: something in the values themselves; everything else is about the server. */
function isAboutContent(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("22")
  );
}

/** Everything a run writes goes through here, because one refused character would make its job run for ever. */
function writingStorable(processor: WakeProcessor): WakeProcessor {
  return async (job, token) => {
    const updateData = job.updateData.bind(job);
    job.updateData = (data) => updateData(storable(data));
    try {
      await processor(job, token);
    } catch (error) {
      throw storableError(error);
    }
  };
}
