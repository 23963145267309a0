import { encodeTime } from "ulid";
import {
  auditEntriesMax,
  auditPage,
  createAuditIds,
  isAuditCursor,
  usualAuditMs,
  type KeptAudit,
  type KeptAuditEntry,
} from "../audit.ts";
import type { StoreOptions } from "../store.ts";
import type { SqlClient } from "./client.ts";
import { relaySchema } from "./schema.ts";

interface AuditRow {
  readonly id: string;
  readonly entry: string;
}

function entryOf({ id, entry }: AuditRow): KeptAuditEntry {
  return { id, ...(JSON.parse(entry) as Omit<KeptAuditEntry, "id">) };
}

function textOf(entry: KeptAuditEntry): string {
  const { id: _, ...rest } = entry;
  return JSON.stringify(rest);
}

/** Counting goes through all of them. */
const countEvery = 100;

export function createSqlAudit(pool: SqlClient, options: StoreOptions, clock: () => number): KeptAudit {
  const table = `"${relaySchema(options.prefix)}".audit`;
  const keptMs = options.auditMs ?? usualAuditMs;
  const withId = createAuditIds();
  let recorded = 0;

  async function put(entries: readonly KeptAuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await pool.query(
      `WITH old AS (DELETE FROM ${table} WHERE id < $3)
       INSERT INTO ${table} (id, entry) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
      [entries.map(({ id }) => id), entries.map(textOf), encodeTime(Math.max(0, clock() - keptMs))],
    );
    if (recorded % countEvery === 0) {
      await pool.query(
        `DELETE FROM ${table} WHERE id <= (SELECT id FROM ${table} ORDER BY id DESC OFFSET $1 LIMIT 1)`,
        [auditEntriesMax],
      );
    }
    recorded += 1;
  }

  return {
    put,
    record: (entry) => put([withId(entry)]),
    async list(limit, cursor) {
      const isBehind = cursor !== undefined && isAuditCursor(cursor);
      const { rows } = await pool.query<AuditRow>(
        `SELECT id, entry FROM ${table} ${isBehind ? "WHERE id < $2" : ""} ORDER BY id DESC LIMIT $1`,
        [limit + 1, ...(isBehind ? [cursor] : [])],
      );
      return auditPage(rows.map(entryOf), limit);
    },
    async find(ids) {
      const { rows } = await pool.query<AuditRow>(
        `SELECT id, entry FROM ${table} WHERE id = ANY($1::text[])`,
        [ids],
      );
      return rows.map(entryOf);
    },
  };
}
