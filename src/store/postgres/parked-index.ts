import type { FailedEvent } from "../event-log.ts";
import { groupOfEvent, type GroupMark } from "../parked-groups.ts";
import { piecesOf, type IndexedPiece } from "../parked-pieces.ts";
import { marksMax, sourcesMax, type IndexedGroup, type ParkedIndex } from "../parked-index.ts";
import type { StoreOptions } from "../store.ts";
import { createParkedJobs } from "./archive-jobs.ts";
import type { SqlClient, SqlPools } from "./client.ts";
import { columnsOf, eventTables } from "./event-rows.ts";
import { parkedTables } from "./parked-tables.ts";
import { bullmqSchema } from "./schema.ts";

const pageMax = 500;
const job = `${bullmqSchema}.job`;

/**
 * Events have their group in their own row; pieces of wake-ups, which are BullMQ's, have a table. How many are in a group is
 * counted in the statement that lets them join or leave.
 */
export function createSqlParkedIndex(
  { pool: durable, working: pool }: SqlPools,
  options: Pick<StoreOptions, "prefix">,
  queue: string,
  clock: () => number,
): ParkedIndex {
  const tables = parkedTables(options.prefix);
  const log = eventTables(options.prefix);
  const parkedJobs = createParkedJobs(pool, queue);

  const endOf = (group: string, order: "ASC" | "DESC") => `(SELECT one.* FROM (
      (SELECT s.id, s.finished_at AS at FROM ${log.state} s WHERE s.state = 'failed' AND s.parked_group = ${group}
       ORDER BY s.finished_at ${order}, s.id ${order} LIMIT 1)
      UNION ALL
      (SELECT p.id, p.at FROM ${tables.piece} p WHERE p.counted AND p.parked_group = ${group}
       ORDER BY p.at ${order}, p.id ${order} LIMIT 1)) one LIMIT 1)`;
  const newestOf = `SELECT g.*, newest.at AS last, newest.id AS sample
    FROM ${tables.group} g CROSS JOIN LATERAL ${endOf("g.key", "DESC")} newest WHERE g.count > 0`;
  /** The oldest item only of those that are shown. */
  const withOldest = (page: string) =>
    `SELECT page.*, oldest.at AS first FROM (${page}) page CROSS JOIN LATERAL ${endOf("page.key", "ASC")} oldest`;
  /** What is muted for good has no end. */
  const isOver = "coalesce(until_at <= $1::bigint, false)";
  const isIn = {
    open: `(state = 'open' OR ${isOver})`,
    acknowledged: `(state = 'acknowledged' AND NOT ${isOver})`,
    muted: `(state = 'muted' AND NOT ${isOver})`,
  };

  async function pend(jobId: string, pieces: readonly IndexedPiece[]): Promise<void> {
    await pool.query(
      `WITH gone AS (
         DELETE FROM ${tables.piece} WHERE job_id = $1 AND id <> ALL ($2::text[]) RETURNING parked_group, counted
       ), put AS (
         INSERT INTO ${tables.piece} AS held (id, job_id, parked_group, at)
         SELECT id, $1, parked_group, at FROM unnest($2::text[], $3::text[], $4::bigint[]) AS g (id, parked_group, at)
         ON CONFLICT (id) DO UPDATE SET parked_group = excluded.parked_group, at = excluded.at WHERE NOT held.counted
       ), moved AS (
         SELECT parked_group AS key, '' AS source, -1 AS change FROM gone WHERE counted
       ), ${tables.counted}
       SELECT 1 AS done`,
      [jobId, ...columnsOf(pieces, pieceColumns)],
    );
  }

  /** Lets the pieces of wake-ups join that have failed since they were written down. A wake-up that is gone has none. */
  async function promote(): Promise<void> {
    for (;;) {
      const { rows } = await pool.query<{ due: number }>(
        `WITH due AS (
           SELECT p.id, j.state FROM ${tables.piece} p LEFT JOIN ${job} j ON j.queue = $1 AND j.id = p.job_id
           WHERE NOT p.counted AND (j.id IS NULL OR j.state = 'failed')
           ORDER BY p.id LIMIT ${pageMax} FOR UPDATE OF p SKIP LOCKED
         ), joined AS (
           UPDATE ${tables.piece} p SET counted = true FROM due WHERE p.id = due.id AND due.state = 'failed'
           RETURNING p.parked_group
         ), gone AS (
           DELETE FROM ${tables.piece} p USING due WHERE p.id = due.id AND due.state IS NULL
         ), moved AS (
           SELECT parked_group AS key, '' AS source, 1 AS change FROM joined
         ), ${tables.counted}
         SELECT count(*)::integer AS due FROM due`,
        [queue],
      );
      if ((rows[0]?.due ?? 0) < pageMax) return;
    }
  }

  /** Older replicas know of no groups, and a store that was filled by a move has none yet. */
  async function upToDate(): Promise<void> {
    const { rows } = await pool.query<{ pending: boolean; built: boolean; strangers: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM ${tables.piece} WHERE NOT counted) AS pending,
         EXISTS (SELECT 1 FROM ${tables.built}) AS built,
         EXISTS (SELECT 1 FROM ${log.state} WHERE state = 'failed' AND parked_group IS NULL) AS strangers`,
    );
    const { pending = false, built = false, strangers = false } = rows[0] ?? {};
    if (pending) await promote();
    if (!built || strangers) await build();
  }

  /** Many may ask at once for what is not there yet. */
  let building: Promise<void> | undefined;
  function build(): Promise<void> {
    building ??= buildAll().finally(() => {
      building = undefined;
    });
    return building;
  }

  async function buildAll(): Promise<void> {
    // What was parked since the last look opens groups again; a recount alone would not.
    await promote();
    await adoptEvents();
    for await (const page of parkedJobs.failed()) {
      const pieces = page.flatMap((held) => piecesOf(held).map((piece) => ({ ...piece, jobId: held.id })));
      await pool.query(
        `WITH gone AS (DELETE FROM ${tables.piece} WHERE job_id = ANY ($5::text[]) AND id <> ALL ($1::text[]))
         INSERT INTO ${tables.piece} (id, parked_group, at, job_id)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) ON CONFLICT (id) DO NOTHING`,
        [...columnsOf(pieces, pieceColumns), pieces.map(({ jobId }) => jobId), page.map(({ id }) => id)],
      );
    }
    await durable.transaction(recount);
  }

  async function adoptEvents(): Promise<void> {
    for (;;) {
      const { rows } = await pool.query<{ id: string; failure: string | null }>(
        `SELECT id, failure FROM ${log.state} WHERE state = 'failed' AND parked_group IS NULL LIMIT ${pageMax}`,
      );
      if (rows.length === 0) return;
      const groups = rows.map(({ failure }) => groupOfEvent(failure ?? "unknown"));
      await pool.query(
        `UPDATE ${log.state} s SET parked_group = g.key FROM unnest($1::text[], $2::text[]) AS g (id, key)
         WHERE s.id = g.id AND s.state = 'failed' AND s.parked_group IS NULL`,
        [rows.map(({ id }) => id), groups],
      );
    }
  }

  /** Whoever parks or takes out meanwhile waits for it, or is waited for: every statement of theirs writes to the groups. */
  async function recount(client: SqlClient): Promise<void> {
    await client.query(`LOCK TABLE ${tables.group} IN SHARE ROW EXCLUSIVE MODE`);
    await client.query(
      `UPDATE ${tables.piece} p SET counted = true FROM ${job} j
       WHERE NOT p.counted AND j.queue = $1 AND j.id = p.job_id AND j.state = 'failed'`,
      [queue],
    );
    await client.query(
      `DELETE FROM ${tables.piece} p WHERE NOT EXISTS (SELECT 1 FROM ${job} j WHERE j.queue = $1 AND j.id = p.job_id)`,
      [queue],
    );
    await client.query(
      `UPDATE ${tables.group} SET count = 0, sources = '{}' WHERE count <> 0 OR sources <> '{}'`,
    );
    await client.query(
      `INSERT INTO ${tables.group} AS held (key, count, sources)
       SELECT key, sum(count), coalesce(jsonb_object_agg(source, count) FILTER (WHERE source <> ''), '{}') FROM (
         SELECT s.parked_group AS key, e.source, count(*) AS count
         FROM ${log.state} s JOIN ${log.event} e ON e.id = s.id
         WHERE s.state = 'failed' AND s.parked_group IS NOT NULL GROUP BY s.parked_group, e.source
         UNION ALL SELECT parked_group, '', count(*) FROM ${tables.piece} WHERE counted GROUP BY parked_group) each
       GROUP BY key ORDER BY key
       ON CONFLICT (key) DO UPDATE SET count = excluded.count, sources = excluded.sources`,
    );
    await client.query(`INSERT INTO ${tables.built} (built_at) VALUES ($1) ON CONFLICT DO NOTHING`, [
      clock(),
    ]);
  }

  return {
    pend,
    async groups({ states, limit, behind }) {
      await upToDate();
      const wanted =
        states.length === 0 ? "$1::bigint IS NOT NULL" : states.map((one) => isIn[one]).join(" OR ");
      const page = `SELECT * FROM (${newestOf} AND (${wanted})) g
        ${behind ? `WHERE (last, key) < ($3::bigint, $4::text COLLATE "C")` : ""}
        ORDER BY last DESC, key DESC LIMIT $2`;
      const { rows } = await pool.query<GroupRow>(
        `${withOldest(page)} ORDER BY page.last DESC, page.key DESC`,
        [clock(), limit, ...(behind ? [behind.at, behind.id] : [])],
      );
      return rows.map(groupOf);
    },
    async group(key) {
      await upToDate();
      const { rows } = await pool.query<GroupRow>(withOldest(`${newestOf} AND g.key = $1`), [key]);
      return rows[0] && groupOf(rows[0]);
    },
    async items(key, limit, behind) {
      await upToDate();
      const held = key.startsWith("e")
        ? `SELECT s.id, s.finished_at AS at FROM ${log.state} s WHERE s.state = 'failed' AND s.parked_group = $1`
        : `SELECT p.id, p.at FROM ${tables.piece} p WHERE p.counted AND p.parked_group = $1`;
      const at = key.startsWith("e") ? "s.finished_at" : "p.at";
      const id = key.startsWith("e") ? "s.id" : "p.id";
      const { rows } = await pool.query<{ id: string; at: string | number }>(
        `${held} ${behind ? `AND (${at}, ${id}) < ($3::bigint, $4::text)` : ""} ORDER BY ${at} DESC, ${id} DESC LIMIT $2`,
        [key, limit, ...(behind ? [behind.at, behind.id] : [])],
      );
      return rows.map((row) => ({ id: row.id, at: Number(row.at) }));
    },
    async mark(key, mark) {
      await upToDate();
      const { rows } = await durable.query(
        `UPDATE ${tables.group} SET ${markColumns} WHERE key = $1 AND (count > 0 OR marked_at IS NOT NULL) RETURNING key`,
        [key, ...markValues(mark)],
      );
      return rows.length > 0;
    },
    async marks() {
      const { rows } = await pool.query<GroupRow>(
        `SELECT * FROM ${tables.group} WHERE marked_at IS NOT NULL ORDER BY marked_at, key`,
      );
      return rows.flatMap((row) => {
        const mark = markOf(row);
        return mark ? [{ key: row.key, mark }] : [];
      });
    },
    async putMarks(marks) {
      for (const { key, mark } of marks) {
        await durable.query(
          `INSERT INTO ${tables.group} AS held (key, state, marked_by, marked_at, note, until_at, reopened_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (key) DO UPDATE SET ${markColumns} WHERE coalesce(held.marked_at, 0) < excluded.marked_at`,
          [key, ...markValues(mark)],
        );
      }
    },
    async openItems() {
      await upToDate();
      const { rows } = await pool.query<{ count: number }>(
        `SELECT coalesce(sum(count), 0)::integer AS count FROM ${tables.group} WHERE count > 0 AND ${isIn.open}`,
        [clock()],
      );
      return rows[0]?.count ?? 0;
    },
    async events(ids) {
      if (ids.length === 0) return new Map();
      const { rows } = await pool.query<FailedRow>(
        `SELECT s.id, e.source, s.failure, s.finished_at, s.attempts
         FROM ${log.state} s JOIN ${log.event} e ON e.id = s.id WHERE s.state = 'failed' AND s.id = ANY ($1::text[])`,
        [ids],
      );
      return new Map(rows.map((row) => [row.id, failedOf(row)]));
    },
    jobs: async (ids) => (ids.length === 0 ? new Map() : await parkedJobs.find(ids)),
    build,
    async forgetMarks(before) {
      await pool.query(
        `DELETE FROM ${tables.group} WHERE count = 0 AND (marked_at IS NULL OR marked_at < $1::bigint OR key IN (
           SELECT key FROM ${tables.group} WHERE marked_at IS NOT NULL ORDER BY marked_at DESC OFFSET ${marksMax}))`,
        [before],
      );
    },
  };
}

const pieceColumns = [
  ({ id }: IndexedPiece) => id,
  ({ group }: IndexedPiece) => group,
  ({ at }: IndexedPiece) => at,
];

const markColumns = "state = $2, marked_by = $3, marked_at = $4, note = $5, until_at = $6, reopened_at = $7";

function markValues({ state, by, at, note, until, reopenedAt }: GroupMark): (string | number | null)[] {
  return [state, by, at, note ?? null, until ?? null, reopenedAt ?? null];
}

interface MarkRow {
  readonly key: string;
  readonly state: GroupMark["state"];
  readonly marked_by: GroupMark["by"] | null;
  readonly marked_at: string | number | null;
  readonly note: string | null;
  readonly until_at: string | number | null;
  readonly reopened_at: string | number | null;
}

interface GroupRow extends MarkRow {
  readonly count: string | number;
  readonly sources: Readonly<Record<string, number>>;
  readonly first: string | number;
  readonly last: string | number;
  readonly sample: string;
}

function groupOf(row: GroupRow): IndexedGroup {
  const mark = markOf(row);
  return {
    key: row.key,
    count: Number(row.count),
    first: Number(row.first),
    last: Number(row.last),
    sources: Object.keys(row.sources).sort().slice(0, sourcesMax),
    sample: row.sample,
    ...(mark ? { mark } : {}),
  };
}

function markOf(row: MarkRow): GroupMark | undefined {
  const { state, marked_by: by, marked_at: at, note, until_at: until, reopened_at: reopenedAt } = row;
  if (by === null || at === null) return undefined;
  return {
    state,
    by,
    at: Number(at),
    ...(note === null ? {} : { note }),
    ...(until === null ? {} : { until: Number(until) }),
    ...(reopenedAt === null ? {} : { reopenedAt: Number(reopenedAt) }),
  };
}

interface FailedRow {
  readonly id: string;
  readonly source: string;
  readonly failure: string | null;
  readonly finished_at: string | number | null;
  readonly attempts: number;
}

function failedOf({ id, source, failure, finished_at: at, attempts }: FailedRow): FailedEvent {
  return { event: { id, source }, reason: failure ?? "unknown", at: Number(at ?? 0), attempts };
}
