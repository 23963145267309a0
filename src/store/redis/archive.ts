import type { Queue } from "bullmq";
import type { RedisClient } from "./connections.ts";
import { createArchive, type KindArchive } from "../archive-kinds.ts";
import { archivedParking, createPaceArchive, parkingToKeep } from "../archive.ts";
import { createAuditArchive } from "../audit-archive.ts";
import type { KeptAudit } from "../audit.ts";
import { createGroupsArchive } from "../groups-archive.ts";
import type { ChangePace } from "../pace.ts";
import type { ParkedIndex } from "../parked-index.ts";
import type { Archive, MoveMark } from "../archive-port.ts";
import type { StoreOptions, WakeJobData } from "../store.ts";
import { createEventArchive, createWindowArchive } from "./archive-events.ts";
import { createParkedJobs } from "./archive-jobs.ts";
import { createMailboxArchive } from "./archive-mailboxes.ts";
import { pipelined } from "./pipelined.ts";

export interface RedisArchiveParts {
  readonly client: RedisClient;
  readonly contacts: Queue<WakeJobData, void>;
  readonly changePace: ChangePace;
  readonly audit: KeptAudit;
  readonly parked: ParkedIndex;
  readonly clock: () => number;
}

export function createRedisArchive(parts: RedisArchiveParts, options: StoreOptions): Archive {
  const { client, clock } = parts;
  const markKey = `{${options.prefix}}:moved`;

  return createArchive({
    pace: createPaceArchive(parts.changePace, clock),
    audit: createAuditArchive(parts.audit),
    windows: createWindowArchive(client, options, clock),
    mailboxes: createMailboxArchive(client, parts.contacts, options, clock),
    parkings: createParkingArchive(client, options.prefix),
    groups: createGroupsArchive(parts.parked),
    events: createEventArchive(client, options, clock),
    async runningWorkers() {
      try {
        return (await parts.contacts.getWorkers()).filter((worker) => "id" in worker).length;
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

function createParkingArchive(client: RedisClient, prefix: string): KindArchive<"parking"> {
  const jobs = createParkedJobs(client, prefix);
  return {
    async *export() {
      for await (const page of jobs.failed()) yield* page.map(archivedParking);
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
