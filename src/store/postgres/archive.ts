import { createArchive, type KindArchive } from "../archive-kinds.ts";
import {
  archivedEvent,
  archivedParking,
  createPaceArchive,
  eventToKeep,
  pageRecordsMax,
  parkingToKeep,
} from "../archive.ts";
import type { ChangePace } from "../pace.ts";
import type { Archive, ArchivedWindow, MoveMark } from "../archive-port.ts";
import type { StoreOptions } from "../store.ts";
import { createJobArchive } from "./archive-jobs.ts";
import { createMailboxArchive, type MailboxArchiveParts } from "./archive-mailboxes.ts";
import type { SqlPool } from "./client.ts";
import { bullmqSchema, relaySchema } from "./schema.ts";

export interface SqlArchiveParts extends MailboxArchiveParts {
  readonly eventsQueue: string;
  readonly changePace: ChangePace;
  readonly runningWorkers: () => Promise<number>;
}

export function createSqlArchive(parts: SqlArchiveParts, options: StoreOptions): Archive {
  const { pool, clock } = parts;
  const markTable = `"${relaySchema(options.prefix)}".moved`;
  return createArchive({
    pace: createPaceArchive(parts.changePace, clock),
    windows: createWindowArchive(pool, parts.eventsQueue, clock),
    mailboxes: createMailboxArchive(parts, options),
    parkings: createParkingArchive(pool, parts.contactsQueue, clock),
    events: createEventArchive(pool, parts.eventsQueue, options, clock),
    runningWorkers: parts.runningWorkers,
    async readMark() {
      const { rows } = await pool.query<{ mark: string }>(`SELECT mark FROM ${markTable}`);
      return rows[0] && (JSON.parse(rows[0].mark) as MoveMark);
    },
    async writeMark(mark) {
      if (!mark) return void (await pool.query(`DELETE FROM ${markTable}`));
      await pool.query(
        `INSERT INTO ${markTable} (mark) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET mark = excluded.mark`,
        [JSON.stringify(mark)],
      );
    },
  });
}

interface WindowRow {
  readonly dedup_id: string;
  readonly job_id: string;
  readonly expire_at_ms: string | number;
}

function createWindowArchive(pool: SqlPool, queue: string, clock: () => number): KindArchive<"window"> {
  const table = `${bullmqSchema}.dedup`;
  const windowOf = (row: WindowRow): ArchivedWindow => ({
    kind: "window",
    id: row.dedup_id,
    eventId: row.job_id,
    expiresAt: Number(row.expire_at_ms),
  });

  async function* exportAll(): AsyncGenerator<ArchivedWindow> {
    for (let after = ""; ;) {
      const { rows } = await pool.query<WindowRow>(
        `SELECT dedup_id, job_id, expire_at_ms FROM ${table}
         WHERE queue = $1 AND dedup_id > $2 AND expire_at_ms > $3 ORDER BY dedup_id LIMIT ${pageRecordsMax}`,
        [queue, after, clock()],
      );
      const last = rows.at(-1);
      if (!last) return;
      yield* rows.map(windowOf);
      after = last.dedup_id;
    }
  }

  return {
    export: exportAll,
    /** The first event keeps its window, unless that is over; the same event's window only grows. */
    async import(records) {
      const current = records.filter(({ expiresAt }) => expiresAt > clock());
      await pool.query(
        `INSERT INTO ${table} AS held (queue, dedup_id, job_id, expire_at_ms)
         SELECT $1, w.* FROM unnest($2::text[], $3::text[], $4::bigint[]) w
         ON CONFLICT (queue, dedup_id) DO UPDATE SET job_id = excluded.job_id, expire_at_ms = excluded.expire_at_ms
           WHERE held.expire_at_ms <= $5
             OR (held.job_id = excluded.job_id AND held.expire_at_ms < excluded.expire_at_ms)`,
        [
          queue,
          current.map(({ id }) => id),
          current.map(({ eventId }) => eventId),
          current.map(({ expiresAt }) => Math.round(expiresAt)),
          clock(),
        ],
      );
    },
    async find(records) {
      const { rows } = await pool.query<WindowRow>(
        `SELECT dedup_id, job_id, expire_at_ms FROM ${table}
         WHERE queue = $1 AND dedup_id = ANY($2::text[]) AND expire_at_ms > $3`,
        [queue, records.map(({ id }) => id), clock()],
      );
      const held = new Map(rows.map((row) => [row.dedup_id, windowOf(row)]));
      return records.map(({ id }) => held.get(id));
    },
  };
}

function createParkingArchive(pool: SqlPool, queue: string, clock: () => number): KindArchive<"parking"> {
  const jobs = createJobArchive(pool, queue, clock);
  return {
    async *export() {
      for await (const page of jobs.jobsOf("failed", "id")) yield* page.map(archivedParking);
    },
    import: (records) => jobs.put(records.map(parkingToKeep)),
    async find(records) {
      const held = await jobs.find(records.map(({ id }) => id));
      return records.map(({ id }) => {
        const job = held.get(id);
        return job && archivedParking(job);
      });
    },
  };
}

function createEventArchive(
  pool: SqlPool,
  queue: string,
  options: StoreOptions,
  clock: () => number,
): KindArchive<"event"> {
  const jobs = createJobArchive(pool, queue, clock);
  // How many records stay is not for the queue to see to here.
  const { retentionMs } = options;
  return {
    async *export() {
      const inTurn = ["active", "waiting"];
      for (const state of ["completed", "failed", ...inTurn, "delayed"]) {
        for await (const page of jobs.jobsOf(state, inTurn.includes(state) ? "seq" : "id")) {
          yield* page.map((job) => archivedEvent(job, job.claimed));
        }
      }
    },
    import: (records) => jobs.put(records.map((record) => eventToKeep(record, { retentionMs }))),
    async find(records) {
      const held = await jobs.find(records.map(({ event }) => event.id));
      return records.map(({ event }) => {
        const job = held.get(event.id);
        return job && archivedEvent(job, job.claimed);
      });
    },
  };
}
