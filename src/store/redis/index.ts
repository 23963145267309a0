import { isDeepStrictEqual } from "node:util";
import { Queue, Worker } from "bullmq";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { RelayEvent } from "../../contact/event.ts";
import { closeWorker, countRuns } from "../closing.ts";
import { withDeadline } from "../deadline.ts";
import { listEvents } from "../event-list.ts";
import { createErasure } from "../erasure.ts";
import { createFailures } from "../failures.ts";
import { createPacer, parsePace, type ChangePace } from "../pace.ts";
import {
  acceptInto,
  findEvent,
  queueCounts,
  replayEvent,
  waitingEvents,
  wakeInto,
  workerOptions,
  type ReplaceData,
} from "../queues.ts";
import { reasonOf } from "../reason.ts";
import type {
  EventResult,
  JobProcessor,
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
import { createGuard } from "./guard.ts";
import { openingError } from "./info.ts";
import { connectDeadlineMs, connected, greet, type RedisStoreOptions } from "./look.ts";
import { createRedisArchive } from "./archive.ts";
import { createRedisMailbox } from "./mailbox.ts";

const acceptDeadlineMs = 2_000;
const answerDeadlineMs = 1_000;

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
  try {
    // BullMQ asks the server for its version first, and a queue whose question failed would fail for ever.
    const ready = Promise.all(queues.all.map((queue) => queue.waitUntilReady()));
    await withDeadline(ready, connectDeadlineMs, "it stopped answering", signal);
    await withDeadline(guard.start(), connectDeadlineMs, "it stopped answering", signal);
  } catch (error) {
    guard.stop();
    throw error;
  }
  for (const note of notes) options.onNote?.(note);
  const { events, contacts, patientContacts } = queues;
  const mailbox = createRedisMailbox(patient, options, Date.now);
  const changePace = sharedPace(patient, `${prefix}:pacer`);
  const wake = (contact: ContactRef) => wakeInto(patientContacts, contact);

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

  const startWorker: StartWorker = <Data, Result>(
    name: QueueName,
    processor: JobProcessor<Data, Result>,
    own: { readonly concurrency: number },
  ) => {
    const { counted, running } = countRuns(processor);
    const mine = connections.group();
    const connection = mine.worker("redis worker");
    const worker = new Worker<Data, Result>(name, counted, { connection, prefix, ...workerOptions, ...own });
    worker.on("error", (error) => options.onError(error, `worker ${name}`));
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

  const replaceData: ReplaceData = async (queue, id, before, after) => {
    const key = `${prefix}:${queue}:${id}`;
    // The same data may be written in more than one way; what is compared in Redis is the text.
    const held = await client.hget(key, "data");
    if (held === null || !isDeepStrictEqual(JSON.parse(held), before)) return false;
    return (await client.eval(replaceDataScript, 1, key, held, JSON.stringify(after))) === 1;
  };

  const erasure = createErasure({
    events,
    contacts,
    mailbox,
    async forgetOutcome(id) {
      const key = `${prefix}:events:${id}`;
      await client.hdel(key, "failedReason", "stacktrace");
      if (await client.hexists(key, "returnvalue")) {
        await client.hset(key, "returnvalue", JSON.stringify({ outcome: "erased" }));
      }
    },
    async forgetNews() {
      await client.del(`${prefix}:events:events`, `${prefix}:contacts:events`);
    },
  });

  async function close(deadlineMs: number): Promise<void> {
    guard.stop();
    const closing = Promise.all(queues.all.map((queue) => queue.close()));
    await withDeadline(closing, deadlineMs, "Redis did not let go in time").catch((error: unknown) => {
      options.onError(error instanceof Error ? error : new Error(String(error)), "close");
    });
    connections.disconnect();
  }

  return {
    engine: "redis",
    events: {
      async accept(batch) {
        const refusal = guard.admit(batch);
        if (refusal !== undefined) throw new Error(refusal);
        const accepting = acceptInto(events, batch, options);
        return await withDeadline(accepting, acceptDeadlineMs, "Redis did not answer").catch(
          (error: unknown) => {
            throw explained(error);
          },
        );
      },
      find: (id) => findEvent(events, id),
      list: (filter, limit, cursor) => listEvents(events, filter, limit, cursor),
      waiting: (limit) => waitingEvents(events, limit),
      replay: (id) => replayEvent(events, replaceData, id, Date.now()),
      erase: erasure.events,
    },
    mailbox,
    failures: createFailures({
      events,
      contacts,
      mailbox,
      replaceData,
      wake,
      retentionMs: options.retentionMs,
      clock: Date.now,
    }),
    pacer: createPacer(options.ceiling, changePace),
    archive: createRedisArchive(
      { client: patient, events, contacts: patientContacts, changePace, clock: Date.now },
      options,
    ),
    startWorker,
    wake,
    erase: erasure.contact,
    counts: async () => ({ events: await queueCounts(events), contacts: await queueCounts(contacts) }),
    due: () => dueQueues(client, prefix, Date.now()),
    health,
    close,
  };
}

function createQueues(client: RedisClient, patient: RedisClient, prefix: string, options: StoreOptions) {
  const queueOptions = {
    connection: client,
    prefix,
    skipWaitingForReady: true,
    streams: { events: { maxLen: 100 } },
  };
  const events = new Queue<RelayEvent, EventResult>("events", queueOptions);
  const contacts = new Queue<WakeJobData, void>("contacts", queueOptions);
  const patientContacts = new Queue<WakeJobData, void>("contacts", { ...queueOptions, connection: patient });
  events.on("error", (error) => options.onError(error, "queue events"));
  for (const queue of [contacts, patientContacts]) {
    queue.on("error", (error) => options.onError(error, "queue contacts"));
  }
  return { events, contacts, patientContacts, all: [events, contacts, patientContacts] };
}

/** BullMQ sorts delayed jobs by their time, in milliseconds, times 4096. */
const dueScript = `
local due = {}
for i = 1, #KEYS, 3 do
  if redis.call("LLEN", KEYS[i]) + redis.call("LLEN", KEYS[i + 1]) > 0
    or redis.call("ZCOUNT", KEYS[i + 2], "-inf", ARGV[1]) > 0 then
    due[#due + 1] = ARGV[1 + (i + 2) / 3]
  end
end
return due`;

async function dueQueues(client: RedisClient, prefix: string, now: number): Promise<readonly QueueName[]> {
  const names = ["events", "contacts"] as const;
  const keys = names.flatMap((name) =>
    ["wait", "paused", "delayed"].map((state) => `${prefix}:${name}:${state}`),
  );
  const due = (await client.eval(dueScript, keys.length, ...keys, now * 4_096, ...names)) as QueueName[];
  return due;
}

const replaceDataScript = `
if redis.call("HGET", KEYS[1], "data") ~= ARGV[1] then return 0 end
redis.call("HSET", KEYS[1], "data", ARGV[2])
return 1`;

/** Reads the pace with the server's clock; writes it back only if nobody else has in between. */
const readPace = `
local time = redis.call("TIME")
return { redis.call("GET", KEYS[1]) or "", time[1], time[2] }`;
const writePace = `
if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2])
return 1`;

function sharedPace(client: RedisClient, key: string): ChangePace {
  return async (change) => {
    for (;;) {
      const [text, seconds, micros] = (await client.eval(readPace, 1, key)) as [string, string, string];
      const before = parsePace(text === "" ? undefined : text);
      const changed = change(before, Number(seconds) * 1_000 + Number(micros) / 1_000);
      if (changed.pace === before) return changed.result;
      const written = await client.eval(writePace, 1, key, text, JSON.stringify(changed.pace));
      if (written === 1) return changed.result;
    }
  };
}
