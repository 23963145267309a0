import { pageBytesMax, pageRecordsMax, type JobToKeep, type KeptJob } from "../archive.ts";
import type { SqlPool, SqlResult } from "./client.ts";
import { bullmqSchema } from "./schema.ts";
import { storable } from "../storable.ts";

interface JobRow {
  readonly id: string;
  readonly state: string;
  readonly data: unknown;
  readonly attempts_made: number;
  readonly added_at_ms: string | number;
  readonly process_at_ms: string | number | null;
  readonly finished_at_ms: string | number | null;
  readonly return_value: unknown;
  readonly failed_reason: string | null;
  readonly claimed: boolean | null;
  readonly position: string | number;
}

export interface ClaimedJob extends KeptJob {
  /** Its deduplication key names this very job. */
  readonly claimed: boolean;
}

const job = `${bullmqSchema}.job`;
const dedup = `${bullmqSchema}.dedup`;
const columns =
  "j.id, j.state, j.data, j.attempts_made, j.added_at_ms, j.process_at_ms, j.finished_at_ms, j.return_value, j.failed_reason";
const claim = `(SELECT d.job_id = j.id FROM ${dedup} d WHERE d.queue = j.queue AND d.dedup_id = j.dedup_id) AS claimed`;

/** The jobs of one queue as BullMQ, whose version is pinned, keeps them in PostgreSQL. */
export function createJobArchive(pool: SqlPool, queue: string, clock: () => number) {
  /**
   * In the order of their ids, or of their turn. Text that is stored compressed counts as it is stored, so a page is
   * cut where it could become too much.
   */
  async function* jobsOf(state: string, order: "id" | "seq"): AsyncGenerator<ClaimedJob[]> {
    let after: string | number = order === "id" ? "" : "-9223372036854775808";
    for (;;) {
      const page: SqlResult<JobRow> = await pool.query<JobRow>(
        `SELECT * FROM (
           SELECT next.*, sum(bytes) OVER (ORDER BY position) - bytes AS bytes_before FROM (
             SELECT ${columns}, ${claim}, j.${order} AS position, pg_column_size(j.data)::bigint AS bytes
             FROM ${job} j
             WHERE j.queue = $1 AND j.state = '${state}' AND j.priority = 0 AND j.${order} > $2::${order === "id" ? "text" : "bigint"}
             ORDER BY j.${order} LIMIT ${pageRecordsMax}) next) cut
         WHERE bytes_before <= ${pageBytesMax / 4} ORDER BY position`,
        [queue, after],
      );
      const last = page.rows.at(-1);
      if (!last) return;
      after = last.position;
      yield page.rows.map(keptJob);
    }
  }

  async function find(ids: readonly string[]): Promise<Map<string, ClaimedJob>> {
    const { rows } = await pool.query<JobRow>(
      `SELECT ${columns}, ${claim}, 0 AS position FROM ${job} j WHERE j.queue = $1 AND j.id = ANY($2::text[])`,
      [queue, ids],
    );
    return new Map(rows.map((row) => [row.id, keptJob(row)]));
  }

  /**
   * Puts jobs where BullMQ would have them, in one statement. One that is there already stays, unless the given one is
   * further: erased or dropped while that one is not, finished while that one still waits, or a later run. One that would
   * be a duplicate is left out.
   */
  async function put(jobs: readonly JobToKeep[]): Promise<void> {
    if (jobs.length === 0) return;
    await pool.query(
      `INSERT INTO ${job} AS held (queue, id, seq, name, state, data, opts, max_attempts, attempts_made,
         attempts_started, added_at_ms, process_at_ms, finished_at_ms, processed_at_ms, return_value, failed_reason,
         dedup_id)
       SELECT $1, id, nextval('${bullmqSchema}.job_seq'), name, state::${bullmqSchema}.job_state, data, opts,
         (opts->>'attempts')::integer, attempts, attempts, accepted, due, finished, finished, result, failure, dedup
       FROM (
         SELECT g.* FROM jsonb_to_recordset($2::jsonb) AS g (ord integer, id text, name text, state text, data jsonb,
           opts jsonb, attempts integer, accepted bigint, due bigint, finished bigint, result jsonb, failure text,
           dedup text, claimed boolean)
         WHERE NOT (g.claimed AND g.state IN ('waiting', 'delayed') AND EXISTS (
           SELECT 1 FROM ${dedup} d WHERE d.queue = $1 AND d.dedup_id = g.dedup AND d.job_id <> g.id
             AND coalesce(d.expire_at_ms > $3, true)))
         ORDER BY g.ord) given
       ON CONFLICT (queue, id) DO UPDATE SET
         state = excluded.state, data = excluded.data, attempts_made = excluded.attempts_made,
         process_at_ms = excluded.process_at_ms, finished_at_ms = excluded.finished_at_ms,
         processed_at_ms = excluded.processed_at_ms, return_value = excluded.return_value,
         failed_reason = excluded.failed_reason, lock_token = NULL, locked_until_ms = NULL, stalled_marked = false
       WHERE CASE WHEN (excluded.data ? 'withdrawn') <> (held.data ? 'withdrawn') THEN excluded.data ? 'withdrawn'
         ELSE (excluded.data->>'replay')::integer > (held.data->>'replay')::integer
           OR (excluded.data->'replay' IS NOT DISTINCT FROM held.data->'replay'
             AND excluded.state IN ('completed', 'failed') AND held.state NOT IN ('completed', 'failed')) END`,
      [queue, JSON.stringify(jobs.map(jobRow)), clock()],
    );
  }

  return { jobsOf, find, put };
}

function jobRow(given: JobToKeep, ord: number) {
  const { id, name, opts, attempts, claimed } = given;
  const { data, result, failure } = storable({
    data: given.data,
    result: given.result,
    failure: given.failure,
  });
  return {
    ord,
    id,
    name,
    state: given.state,
    data,
    opts,
    attempts,
    claimed,
    accepted: Math.round(given.acceptedAt),
    due: given.dueAt === undefined ? undefined : Math.round(given.dueAt),
    finished: given.finishedAt === undefined ? undefined : Math.round(given.finishedAt),
    result,
    failure,
    dedup: given.deduplicationId,
  };
}

function keptJob(row: JobRow): ClaimedJob {
  const time = (value: string | number | null) => (value === null ? undefined : Number(value));
  return {
    id: row.id,
    state: row.state,
    data: row.data,
    attempts: row.attempts_made,
    acceptedAt: Number(row.added_at_ms),
    dueAt: time(row.process_at_ms),
    finishedAt: time(row.finished_at_ms),
    result: row.return_value ?? undefined,
    failure: row.failed_reason ?? undefined,
    claimed: row.claimed === true,
  };
}
