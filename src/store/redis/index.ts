import { isDeepStrictEqual } from "node:util";
import { Queue, Worker } from "bullmq";
import { ReplyError } from "ioredis";
import { createSignOuts } from "./sign-outs.ts";
import { createAcceptBatches } from "../accept-batches.ts";
import { closeWorker, countRuns } from "../closing.ts";
import { withDeadline } from "../deadline.ts";
import { createDoorbell } from "../doorbell.ts";
import { createErasure } from "../erasure.ts";
import type { EventLog } from "../event-log.ts";
import { createFailures } from "../failures.ts";
import { createPacer } from "../pace.ts";
import { indexing } from "../parked-index.ts";
import { withPastKept } from "../past-numbers.ts";
import { createWaking, queueCounts, workerOptions, type ReplaceData } from "../queues.ts";
import { reasonOf } from "../reason.ts";
import type {
  QueueCounts,
  QueueName,
  StartWorker,
  Store,
  StoreHealth,
  StoreOptions,
  WakeJobData,
} from "../store.ts";
import type { RedisAddress } from "./address.ts";
import type { RedisClient } from "./connections.ts";
import type { Connections } from "./connection-set.ts";
import { eventKeys } from "./event-keys.ts";
import { createRedisEventWrites } from "./event-log.ts";
import { createRedisEventReads } from "./event-reads.ts";
import { createGuard } from "./guard.ts";
import { openingError } from "./info.ts";
import { connectDeadlineMs, connected, greet, type RedisStoreOptions } from "./look.ts";
import { createRedisAudit } from "./audit.ts";
import { createRedisArchive } from "./archive.ts";
import { createRedisMailbox } from "./mailbox.ts";
import { createRedisNumbers } from "./numbers.ts";
import { readOldest } from "./oldest.ts";
import { sharedPace } from "./pace.ts";
import { createRedisNotices } from "./notices.ts";
import { createRedisParkedIndex, parkedRoot } from "./parked-index.ts";
import { replaceDataScript } from "./parked-scripts.ts";
import { pipelined } from "./pipelined.ts";
import { createRedisReplays } from "./replays.ts";
import { createRedisReplicas } from "./replicas.ts";
import { createScript } from "./script.ts";
import { createRedisWakes } from "./wakes.ts";

const acceptDeadlineMs = 2_000;
const answerDeadlineMs = 1_000;
/** It works on every wake-up that waits since before there were priorities. */
const adoptDeadlineMs = 60_000;
/** How soon events are found that another process accepted, or whose time has come. */
const lookForEventsMs = 20;
/** Redis works on one after the other: the second is on its way while the first is written. */
const acceptWritesMax = 2;

/**
 * A store on Redis 7 or newer, Valkey among it, shared by any number of replicas. Rejects when it is out of reach, with
 * `StoreRefused` when it answers but cannot be used.
 */
export async function openRedisStore(url: string, options: RedisStoreOptions): Promise<Store> {
  return await connected(url, options.onError, (connections, address) =>
    openOver(connections, address, options),
  );
}

async function openOver(
  connections: Connections,
  address: RedisAddress,
  options: RedisStoreOptions,
): Promise<Store> {
  const { signal } = options;
  const { client, prefix, place, key, notes } = await greet(connections, address, options);
  const guard = createGuard(client, key, options);
  // A delivery waits for Redis as long as it takes; only what a sender waits for has a time limit.
  const patient = connections.worker("redis");
  const queues = createQueues(client, patient, prefix, options);
  const wakes = createRedisWakes(patient, prefix);
  const parked = createRedisParkedIndex(patient, options, Date.now);
  try {
    // BullMQ asks the server for its version first, and a queue whose question failed would fail for ever.
    const ready = Promise.all(queues.all.map((queue) => queue.waitUntilReady()));
    await withDeadline(ready, connectDeadlineMs, "it stopped answering", signal);
    await withDeadline(guard.start(), connectDeadlineMs, "it stopped answering", signal);
    await withDeadline(wakes.adopt(), adoptDeadlineMs, "it stopped answering", signal);
  } catch (error) {
    guard.stop();
    throw error;
  }
  let isClosing = false;
  // Beside everything else: much may be parked since before there were groups. Whoever asks for them waits for it.
  void parked.buildOnce().catch((error: unknown) => {
    if (isClosing) return;
    options.onError(error instanceof Error ? error : new Error(String(error)), "groups of the parked");
  });
  for (const note of notes) options.onNote?.(note);
  const { contacts, patientContacts } = queues;
  const mailbox = createRedisMailbox(patient, options, Date.now);
  const replays = createRedisReplays(patient, options);
  const audit = createRedisAudit(patient, options, Date.now);
  const changePace = sharedPace(patient, `${prefix}:pacer`);
  const writes = createRedisEventWrites(
    {
      client,
      patient,
      doorbell: createDoorbell(lookForEventsMs),
      posted: mailbox.forgetOldEvents,
      clock: Date.now,
    },
    options,
  );
  const acceptTogether = createAcceptBatches(
    (batch) => withDeadline(writes.accept(batch), acceptDeadlineMs, "Redis did not answer"),
    { writesMax: acceptWritesMax, isAboutContent },
  );
  const events: EventLog = {
    ...writes,
    ...createRedisEventReads(patient, options),
    async accept(batch) {
      const refusal = guard.admit(batch);
      if (refusal !== undefined) throw new Error(refusal);
      try {
        return await acceptTogether(batch);
      } catch (error) {
        throw explained(error);
      }
    },
  };

  async function health(deadlineMs: number): Promise<StoreHealth> {
    try {
      await withDeadline(client.ping(), deadlineMs, "no answer");
      const refuses = guard.refuses();
      return { ok: true, ...(refuses === undefined ? {} : { refuses }) };
    } catch (error) {
      return { ok: false, message: reasonOf(explained(error)) };
    }
  }

  /** ioredis only says that it cannot write; why, it said when the connection was lost. */
  function explained(error: unknown): unknown {
    const lost = client.status === "ready" ? undefined : connections.lastError();
    return lost ? openingError(lost, place) : error;
  }

  const startWorker: StartWorker = (processor, own) => {
    const { counted, running } = countRuns(indexing(processor, parked, Date.now));
    const mine = connections.group();
    const connection = mine.worker("redis worker");
    const worker = new Worker<WakeJobData, void>("contacts", counted, {
      connection,
      prefix,
      ...workerOptions,
      ...own,
    });
    worker.on("error", (error) => options.onError(error, "worker contacts"));
    return {
      isRunning: () => worker.isRunning(),
      isPaused: () => worker.isPaused(),
      close: () =>
        closeWorker({
          close: () => worker.close(),
          running,
          storeAnswers: async () => (await health(answerDeadlineMs)).ok,
          letGo: () => mine.disconnect(),
        }),
    };
  };

  const replaceText = createScript(client, replaceDataScript);
  const replaceData: ReplaceData = async (id, before, after, gone) => {
    const key = `${prefix}:contacts:${id}`;
    // The same data may be written in more than one way; what is compared in Redis is the text.
    const held = await client.hget(key, "data");
    if (held === null || !isDeepStrictEqual(JSON.parse(held), before)) return false;
    const keys = [parkedRoot(options.prefix), `${prefix}:contacts:failed`, key];
    const args = [`${prefix}:contacts:`, held, JSON.stringify(after), ...gone];
    return (await replaceText(keys, args)) === 1;
  };
  const { wake, wakeAll, wakeMissing } = createWaking(patientContacts, wakes.raise, replaceData);

  const erasure = createErasure({
    events,
    contacts,
    mailbox,
    replays,
    parked,
    replaceData,
    async forgetNews() {
      await client.del(`${prefix}:contacts:events`);
    },
  });

  async function close(deadlineMs: number): Promise<void> {
    guard.stop();
    isClosing = true;
    const closing = Promise.all(queues.all.map((queue) => queue.close()));
    await withDeadline(closing, deadlineMs, "Redis did not let go in time").catch((error: unknown) => {
      options.onError(error instanceof Error ? error : new Error(String(error)), "close");
    });
    connections.disconnect();
  }

  return {
    engine: "redis",
    events,
    mailbox,
    failures: createFailures({
      events,
      contacts,
      mailbox,
      parked,
      replaceData,
      wakeAll,
      retentionMs: options.retentionMs,
      clock: Date.now,
    }),
    pacer: createPacer(options.ceiling, changePace),
    replays,
    notices: createRedisNotices(client, options),
    archive: createRedisArchive(
      { client: patient, contacts: patientContacts, changePace, audit, parked, clock: Date.now },
      options,
    ),
    audit,
    numbers: withPastKept(createRedisNumbers(patient, options.prefix), Date.now),
    signOuts: createSignOuts(client, options.prefix, Date.now),
    replicas: createRedisReplicas(client, options.prefix),
    startWorker,
    wakeQueue: () => contacts,
    wake,
    wakeAll,
    wakeMissing,
    letForward: wakes.letForward,
    erase: erasure.contact,
    counts: async () => ({
      events: await countEvents(client, options.prefix),
      contacts: await queueCounts(contacts),
    }),
    oldest: () => readOldest(client, options.prefix),
    due: () => dueQueues(client, options.prefix, Date.now()),
    health,
    close,
  };
}

/** Whatever else Redis answers is about itself: it is loading, full, read only, or may not be asked. */
function isAboutContent(error: unknown): boolean {
  return error instanceof ReplyError && /^(?:ERR|WRONGTYPE)/.test(reasonOf(error));
}

function createQueues(client: RedisClient, patient: RedisClient, prefix: string, options: StoreOptions) {
  const queueOptions = {
    connection: client,
    prefix,
    skipWaitingForReady: true,
    streams: { events: { maxLen: 100 } },
  };
  const contacts = new Queue<WakeJobData, void>("contacts", queueOptions);
  const patientContacts = new Queue<WakeJobData, void>("contacts", { ...queueOptions, connection: patient });
  for (const queue of [contacts, patientContacts]) {
    queue.on("error", (error) => options.onError(error, "queue contacts"));
  }
  return { contacts, patientContacts, all: [contacts, patientContacts] };
}

async function countEvents(client: RedisClient, prefix: string): Promise<QueueCounts> {
  const states = ["waiting", "active", "delayed", "failed", "completed"] as const;
  const keys = eventKeys(prefix);
  const counts = await pipelined(client, states, (line, state) => line.zcard(keys.state(state)), Number);
  const [waiting = 0, active = 0, delayed = 0, failed = 0, completed = 0] = counts;
  return { waiting, active, delayed, failed, completed };
}

/** BullMQ sorts delayed jobs by their time, in milliseconds, times 4096. */
const dueScript = `
local due = {}
local function past(key, scale) return redis.call("ZCOUNT", key, "-inf", ARGV[1] * scale) > 0 end
if redis.call("ZCARD", KEYS[1]) > 0 or past(KEYS[2], 1) then due[#due + 1] = "events" end
if redis.call("LLEN", KEYS[3]) + redis.call("LLEN", KEYS[4]) + redis.call("ZCARD", KEYS[5]) > 0 or past(KEYS[6], 4096) then due[#due + 1] = "contacts" end
return due`;

async function dueQueues(client: RedisClient, prefix: string, now: number): Promise<readonly QueueName[]> {
  const log = eventKeys(prefix);
  const jobs = ["wait", "paused", "prioritized", "delayed"].map((state) => `{${prefix}}:contacts:${state}`);
  const keys = [log.state("waiting"), log.state("delayed"), ...jobs];
  return (await client.eval(dueScript, keys.length, ...keys, now)) as QueueName[];
}
