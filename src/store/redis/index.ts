import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { RelayEvent } from "../../contact/event.ts";
import { withDeadline } from "../deadline.ts";
import { createFailures } from "../failures.ts";
import { createPacer, parsePace, type ChangePace } from "../pace.ts";
import {
  acceptInto,
  erasedEvent,
  findEvent,
  queueCounts,
  replayEvent,
  waitingEvents,
  wakeInto,
  workerOptions,
} from "../queues.ts";
import type {
  EventResult,
  JobProcessor,
  QueueName,
  StartWorker,
  Store,
  StoreOptions,
  WakeJobData,
} from "../store.ts";
import { createRedisArchive } from "./archive.ts";
import { producerConnection, redisAddress, workerConnection } from "./connections.ts";
import { createRedisMailbox } from "./mailbox.ts";

const connectDeadlineMs = 5_000;
const acceptDeadlineMs = 2_000;

/** A store on Redis 7 or newer, shared by any number of replicas. Rejects when it is out of reach. */
export async function openRedisStore(url: string, options: StoreOptions): Promise<Store> {
  const client = producerConnection(url, options);
  try {
    await withDeadline(client.connect(), connectDeadlineMs, "no connection");
    await withDeadline(client.ping(), connectDeadlineMs, "no answer");
  } catch (error) {
    client.disconnect();
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Redis at ${redisAddress(url)} does not answer: ${why}`, { cause: error });
  }
  const prefix = `{${options.prefix}}`;
  const connections: Redis[] = [client];
  const queueOptions = {
    connection: client,
    prefix,
    skipWaitingForReady: true,
    streams: { events: { maxLen: 100 } },
  };
  const events = new Queue<RelayEvent, EventResult>("events", queueOptions);
  events.on("error", (error) => options.onError(error, "queue events"));
  const contacts = new Queue<WakeJobData, void>("contacts", queueOptions);
  contacts.on("error", (error) => options.onError(error, "queue contacts"));
  // A delivery waits for Redis as long as it takes; only what a sender waits for has a time limit.
  const patient = workerConnection(url, options);
  connections.push(patient);
  const patientContacts = new Queue<WakeJobData, void>("contacts", { ...queueOptions, connection: patient });
  patientContacts.on("error", (error) => options.onError(error, "queue contacts"));

  // BullMQ asks the server for its version first, and a queue whose question failed would fail for ever.
  const queues = [events, contacts, patientContacts];
  try {
    const ready = Promise.all(queues.map((queue) => queue.waitUntilReady()));
    await withDeadline(ready, connectDeadlineMs, "it stopped answering");
  } catch (error) {
    for (const connection of connections) connection.disconnect();
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Redis at ${redisAddress(url)} does not answer: ${why}`, { cause: error });
  }

  const startWorker: StartWorker = <Data, Result>(
    name: QueueName,
    processor: JobProcessor<Data, Result>,
    own: { readonly concurrency: number },
  ) => {
    const connection = workerConnection(url, options);
    connections.push(connection);
    const worker = new Worker<Data, Result>(name, processor, {
      connection,
      prefix,
      ...workerOptions,
      ...own,
    });
    worker.on("error", (error) => options.onError(error, `worker ${name}`));
    return worker;
  };

  const mailbox = createRedisMailbox(patient, options, Date.now);
  const changePace = sharedPace(patient, `${prefix}:pacer`);
  const wake = (contact: ContactRef) => wakeInto(patientContacts, contact);

  async function erase(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const job = await events.getJob(id);
      if (!job) continue;
      await job.updateData(erasedEvent(job.data));
      const key = `${prefix}:events:${id}`;
      if (await client.hexists(key, "returnvalue")) {
        await client.hset(key, "returnvalue", JSON.stringify({ outcome: "erased" }));
      }
    }
  }

  async function close(deadlineMs: number): Promise<void> {
    const closing = Promise.all([events.close(), contacts.close(), patientContacts.close()]);
    await withDeadline(closing, deadlineMs, "Redis did not let go in time").catch((error: unknown) => {
      options.onError(error instanceof Error ? error : new Error(String(error)), "close");
    });
    for (const connection of connections) connection.disconnect();
  }

  return {
    engine: "redis",
    events: {
      accept: (batch) =>
        withDeadline(acceptInto(events, batch, options), acceptDeadlineMs, "Redis did not answer"),
      find: (id) => findEvent(events, id),
      waiting: (limit) => waitingEvents(events, limit),
      replay: (id) => replayEvent(events, id),
      erase,
    },
    mailbox,
    pacer: createPacer(options.ceiling, changePace),
    failures: createFailures(events, contacts, mailbox, wake),
    archive: createRedisArchive(
      { client: patient, events, contacts: patientContacts, changePace, clock: Date.now },
      options,
    ),
    startWorker,
    wake,
    counts: async () => ({ events: await queueCounts(events), contacts: await queueCounts(contacts) }),
    async health(deadlineMs) {
      try {
        await withDeadline(client.ping(), deadlineMs, "no answer");
        return { ok: true };
      } catch (error) {
        return { ok: false, message: error instanceof Error ? error.message : String(error) };
      }
    },
    close,
  };
}

/** Reads the pace with the server's clock; writes it back only if nobody else has in between. */
const readPace = `
local time = redis.call("TIME")
return { redis.call("GET", KEYS[1]) or "", time[1], time[2] }`;
const writePace = `
if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2])
return 1`;

function sharedPace(client: Redis, key: string): ChangePace {
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
