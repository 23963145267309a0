import { pageBytesMax, pageRecordsMax, type JobToKeep, type KeptJob } from "../archive.ts";
import { storable } from "../storable.ts";
import type { WakeJobData } from "../store.ts";
import type { SqlPool, SqlResult } from "./client.ts";
import { bullmqSchema } from "./schema.ts";

interface JobRow {
  readonly id: string;
  readonly data: WakeJobData;
  readonly attempts_made: number;
  readonly added_at_ms: string | number;
  readonly finished_at_ms: string | number | null;
  readonly failed_reason: string | null;
}

const job = `${bullmqSchema}.job`;
const columns = "j.id, j.data, j.attempts_made, j.added_at_ms, j.finished_at_ms, j.failed_reason";

/** The wake-ups that failed, with what they parked, as BullMQ, whose version is pinned, keeps them in PostgreSQL. */
export function createParkedJobs(pool: SqlPool, queue: string) {
  /**
   * In the order of their ids. Text that is stored compressed counts as it is stored, so a page is cut where it could
   * become too much.
   */
  async function* failed(): AsyncGenerator<KeptJob[]> {
    for (let after = ""; ;) {
      const page: SqlResult<JobRow> = await pool.query<JobRow>(
        `SELECT * FROM (
           SELECT next.*, sum(bytes) OVER (ORDER BY id) - bytes AS bytes_before FROM (
             SELECT ${columns}, pg_column_size(j.data)::bigint AS bytes FROM ${job} j
             WHERE j.queue = $1 AND j.state = 'failed' AND j.id > $2
             ORDER BY j.id LIMIT ${pageRecordsMax}) next) cut
         WHERE bytes_before <= ${pageBytesMax / 4} ORDER BY id`,
        [queue, after],
      );
      const last = page.rows.at(-1);
      if (!last) return;
      after = last.id;
      yield page.rows.map(keptJob);
    }
  }

  async function find(ids: readonly string[]): Promise<Map<string, KeptJob>> {
    const { rows } = await pool.query<JobRow>(
      `SELECT ${columns} FROM ${job} j WHERE j.queue = $1 AND j.id = ANY($2::text[]) AND j.state = 'failed'`,
      [queue, ids],
    );
    return new Map(rows.map((row) => [row.id, keptJob(row)]));
  }

  /** Puts jobs where BullMQ would have them, in one statement. One that is there already stays. */
  async function put(jobs: readonly JobToKeep[]): Promise<void> {
    if (jobs.length === 0) return;
    await pool.query(
      `INSERT INTO ${job} (queue, id, seq, name, state, data, opts, max_attempts, attempts_made,
         attempts_started, added_at_ms, finished_at_ms, processed_at_ms, failed_reason)
       SELECT $1, id, nextval('${bullmqSchema}.job_seq'), name, 'failed', data, opts,
         (opts->>'attempts')::integer, attempts, attempts, accepted, finished, finished, failure
       FROM (
         SELECT g.* FROM jsonb_to_recordset($2::jsonb) AS g (ord integer, id text, name text, data jsonb,
           opts jsonb, attempts integer, accepted bigint, finished bigint, failure text)
         ORDER BY g.ord) given
       ON CONFLICT (queue, id) DO NOTHING`,
      [queue, JSON.stringify(jobs.map(jobRow))],
    );
  }

  return { failed, find, put };
}

function jobRow(given: JobToKeep, ord: number) {
  const { id, name, opts, attempts, acceptedAt, finishedAt } = given;
  const { data, failure } = storable({ data: given.data, failure: given.failure });
  const finished = finishedAt === undefined ? undefined : Math.round(finishedAt);
  return { ord, id, name, data, opts, attempts, accepted: Math.round(acceptedAt), finished, failure };
}

function keptJob(row: JobRow): KeptJob {
  return {
    id: row.id,
    data: row.data,
    attempts: row.attempts_made,
    acceptedAt: Number(row.added_at_ms),
    finishedAt: row.finished_at_ms === null ? undefined : Number(row.finished_at_ms),
    failure: row.failed_reason ?? undefined,
  };
}
