import { turnsApart } from "../event-log.ts";
import type { Oldest } from "../store.ts";
import type { SqlPool } from "./client.ts";
import { eventTables } from "./event-rows.ts";

/** What has waited longest: the first of each priority, and the first of the mailboxes. */
export async function readOldest(pool: SqlPool, prefix: string): Promise<Oldest> {
  const { schema, event, state } = eventTables(prefix);
  const half = turnsApart / 2;
  const firstOf = (condition: string) =>
    `SELECT coalesce(first.retried_at, e.accepted_at) AS at FROM (
       SELECT id, retried_at FROM ${state} WHERE state = 'waiting' AND ${condition} ORDER BY turn LIMIT 1) AS first
     JOIN ${event} e ON e.id = first.id`;
  const bands = [`turn < -${half}`, `turn >= -${half} AND turn < ${half}`, `turn >= ${half}`];
  const { rows } = await pool.query<{ event: string | number | null; update: string | number | null }>(
    `SELECT (SELECT min(at) FROM (${bands.map((band) => `(${firstOf(band)})`).join(" UNION ALL ")}) AS firsts) AS event,
       (SELECT min(posted_at) FROM ${schema}.mailbox_update) AS update`,
  );
  const { event: waiting = null, update = null } = rows[0] ?? {};
  return {
    ...(waiting === null ? {} : { event: Number(waiting) }),
    ...(update === null ? {} : { update: Number(update) }),
  };
}
