import type { Queue } from "bullmq";
import type { RedisClient } from "./connections.ts";
import type { RelayEvent } from "../../contact/event.ts";
import { createArchive, type KindArchive } from "../archive-kinds.ts";
import {
  archivedEvent,
  archivedParking,
  createPaceArchive,
  eventToKeep,
  parkingToKeep,
  type KeptJob,
} from "../archive.ts";
import type { ChangePace } from "../pace.ts";
import { deduplicationId } from "../queues.ts";
import type { Archive, ArchivedEvent, ArchivedWindow, MoveMark } from "../archive-port.ts";
import type { EventResult, StoreOptions, WakeJobData } from "../store.ts";
import { createJobArchive } from "./archive-jobs.ts";
import { createMailboxArchive } from "./archive-mailboxes.ts";
import { importWindowScript } from "./archive-scripts.ts";
import { asText, pipelined, scannedKeys } from "./pipelined.ts";

export interface RedisArchiveParts {
  readonly client: RedisClient;
  readonly events: Queue<RelayEvent, EventResult>;
  readonly contacts: Queue<WakeJobData, void>;
  readonly changePace: ChangePace;
  readonly clock: () => number;
}

export function createRedisArchive(parts: RedisArchiveParts, options: StoreOptions): Archive {
  const { client, clock } = parts;
  const markKey = `{${options.prefix}}:moved`;
  const windowPrefix = `{${options.prefix}}:events:de:`;

  return createArchive({
    pace: createPaceArchive(parts.changePace, clock),
    windows: createWindowArchive(client, windowPrefix, clock),
    mailboxes: createMailboxArchive(client, parts.contacts, options, clock),
    parkings: createParkingArchive(client, options.prefix, clock),
    events: createEventArchive(client, windowPrefix, options, clock),
    async runningWorkers() {
      try {
        const lists = await Promise.all([parts.events.getWorkers(), parts.contacts.getWorkers()]);
        return Math.max(...lists.map((list) => list.filter((worker) => "id" in worker).length));
      } catch {
        // An account that may not list clients: then it cannot be known.
        return 0;
      }
    },
    async readMark() {
      const text = await client.get(markKey);
      return text === null ? undefined : (JSON.parse(text) as MoveMark);
    },
    async writeMark(mark) {
      if (mark) await client.set(markKey, JSON.stringify(mark));
      else await client.del(markKey);
    },
  });
}

function createWindowArchive(
  client: RedisClient,
  prefix: string,
  clock: () => number,
): KindArchive<"window"> {
  async function find(ids: readonly string[]): Promise<(ArchivedWindow | undefined)[]> {
    const firsts = await pipelined(client, ids, (line, id) => line.get(prefix + id), asText);
    const ends = await pipelined(client, ids, (line, id) => line.pexpiretime(prefix + id), Number);
    return ids.map((id, index) => {
      const eventId = firsts[index];
      const expiresAt = ends[index] ?? 0;
      return eventId !== undefined && expiresAt > 0 ? { kind: "window", id, eventId, expiresAt } : undefined;
    });
  }

  return {
    async *export() {
      for await (const keys of scannedKeys(client, prefix, 1_000)) {
        for (const window of await find(keys.map((key) => key.slice(prefix.length))))
          if (window) yield window;
      }
    },
    find: (records) => find(records.map(({ id }) => id)),
    async import(records) {
      const current = records.filter(({ expiresAt }) => expiresAt > clock());
      await pipelined(
        client,
        current,
        (line, { id, eventId, expiresAt }) =>
          line.eval(importWindowScript, 1, prefix + id, eventId, Math.round(expiresAt)),
        Number,
      );
    },
  };
}

function createParkingArchive(
  client: RedisClient,
  prefix: string,
  clock: () => number,
): KindArchive<"parking"> {
  const jobs = createJobArchive(client, prefix, "contacts", clock);
  return {
    async *export() {
      for await (const page of jobs.jobsOf("failed")) yield* page.map(archivedParking);
    },
    async import(records) {
      await pipelined(client, records, (line, record) => jobs.put(line, parkingToKeep(record)), Number);
    },
    async find(records) {
      const held = await jobs.find(records.map(({ id }) => id));
      return held.map((job) => job && archivedParking(job));
    },
  };
}

function createEventArchive(
  client: RedisClient,
  windowPrefix: string,
  options: StoreOptions,
  clock: () => number,
): KindArchive<"event"> {
  const jobs = createJobArchive(client, options.prefix, "events", clock);

  async function withWindows(page: readonly KeptJob[]): Promise<ArchivedEvent[]> {
    const events = page.map((job) => archivedEvent(job, false));
    const firsts = await pipelined(
      client,
      events,
      (line, { event }) => line.get(windowPrefix + deduplicationId(event)),
      asText,
    );
    return events.map((event, index) => ({ ...event, claimed: firsts[index] === event.event.id }));
  }

  return {
    async *export() {
      for (const state of ["completed", "failed", "active", "wait", "delayed"] as const) {
        for await (const page of jobs.jobsOf(state)) yield* await withWindows(page);
      }
    },
    async import(records) {
      await pipelined(
        client,
        records,
        (line, record) => jobs.put(line, eventToKeep(record, options)),
        Number,
      );
    },
    async find(records) {
      const held = await jobs.find(records.map(({ event }) => event.id));
      const events = await withWindows(held.flatMap((job) => (job ? [job] : [])));
      const byId = new Map(events.map((event) => [event.event.id, event]));
      return records.map(({ event }) => byId.get(event.id));
    },
  };
}
