import { createArchive, type KindArchive } from "../archive-kinds.ts";
import { archivedParking, createPaceArchive, parkingToKeep } from "../archive.ts";
import { createAuditArchive } from "../audit-archive.ts";
import type { KeptAudit } from "../audit.ts";
import { createGroupsArchive } from "../groups-archive.ts";
import type { ChangePace } from "../pace.ts";
import type { ParkedIndex } from "../parked-index.ts";
import type { Archive, MoveMark } from "../archive-port.ts";
import type { StoreOptions } from "../store.ts";
import { createEventArchive, createWindowArchive } from "./archive-events.ts";
import { createParkedJobs } from "./archive-jobs.ts";
import { createMailboxArchive, type MailboxArchiveParts } from "./archive-mailboxes.ts";
import type { SqlPool } from "./client.ts";
import { parkedTables } from "./parked-tables.ts";
import { relaySchema } from "./schema.ts";

export interface SqlArchiveParts extends MailboxArchiveParts {
  readonly changePace: ChangePace;
  readonly audit: KeptAudit;
  readonly parked: ParkedIndex;
  readonly runningWorkers: () => Promise<number>;
}

export function createSqlArchive(parts: SqlArchiveParts, options: StoreOptions): Archive {
  const { pool, clock } = parts;
  const markTable = `"${relaySchema(options.prefix)}".moved`;
  return createArchive({
    pace: createPaceArchive(parts.changePace, clock),
    audit: createAuditArchive(parts.audit),
    windows: createWindowArchive(pool, options, clock),
    mailboxes: createMailboxArchive(parts, options),
    parkings: createParkingArchive(pool, parts.contactsQueue, options),
    groups: createGroupsArchive(parts.parked),
    events: createEventArchive(pool, options, clock),
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

function createParkingArchive(
  pool: SqlPool,
  queue: string,
  options: Pick<StoreOptions, "prefix">,
): KindArchive<"parking"> {
  const jobs = createParkedJobs(pool, queue);
  return {
    async *export() {
      for await (const page of jobs.failed()) yield* page.map(archivedParking);
    },
    async import(records) {
      if (records.length === 0) return;
      const { uncount } = parkedTables(options.prefix);
      await pool.query(uncount);
      await jobs.put(records.map(parkingToKeep));
      await pool.query(uncount);
    },
    async find(records) {
      const held = await jobs.find(records.map(({ id }) => id));
      return records.map(({ id }) => {
        const job = held.get(id);
        return job && archivedParking(job);
      });
    },
  };
}
