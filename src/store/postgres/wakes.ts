import type { RaiseWakes } from "../queues.ts";
import { forwardNumbers, jobNumber, type Shares } from "../wakes.ts";
import type { SqlPool } from "./client.ts";
import { bullmqSchema } from "./schema.ts";

const job = `${bullmqSchema}.job`;
const waiting = `queue = $1 AND state = 'waiting'`;

/** What is done to wake-ups that wait, as BullMQ, whose version is pinned, keeps them in PostgreSQL. */
export function createSqlWakes(pool: SqlPool, queue: string) {
  /** One that is delayed or active comes back with it. What has been let forward is before them already. */
  const raise: RaiseWakes = async (wakes) => {
    await pool.query(
      `WITH given AS (
         SELECT d.job_id AS id, min(g.number) AS number FROM unnest($2::text[], $3::integer[]) AS g (contact, number)
         JOIN ${bullmqSchema}.dedup d ON d.queue = $1 AND d.dedup_id = g.contact GROUP BY d.job_id
       ), held AS (
         SELECT j.id, g.number FROM ${job} j JOIN given g ON g.id = j.id
         WHERE j.queue = $1 AND j.priority > g.number AND j.priority > ${forwardNumbers.low}
         ORDER BY j.id FOR UPDATE OF j
       )
       UPDATE ${job} j SET priority = held.number,
         seq = CASE j.state WHEN 'waiting' THEN nextval('${bullmqSchema}.job_seq') ELSE j.seq END
       FROM held WHERE j.queue = $1 AND j.id = held.id`,
      [queue, wakes.map(({ contact }) => contact), wakes.map(({ priority }) => jobNumber(priority))],
    );
  };

  async function letForward(shares: Shares): Promise<Shares> {
    const first = (name: keyof Shares, place: string) =>
      `SELECT id, ${forwardNumbers[name]} AS number FROM ${job}
       WHERE ${waiting} AND priority = ${jobNumber(name)} ORDER BY seq LIMIT ${place} FOR UPDATE SKIP LOCKED`;
    const { rows } = await pool.query<{ normal: number; low: number }>(
      `WITH normal AS (${first("normal", "$2")}), low AS (${first("low", "$3")}), moved AS (
         UPDATE ${job} j SET priority = f.number FROM (SELECT * FROM normal UNION ALL SELECT * FROM low) f
         WHERE j.queue = $1 AND j.id = f.id RETURNING f.number
       )
       SELECT (count(*) FILTER (WHERE number = ${forwardNumbers.normal}))::integer AS normal,
         (count(*) FILTER (WHERE number = ${forwardNumbers.low}))::integer AS low FROM moved`,
      [queue, shares.normal, shares.low],
    );
    return rows[0] ?? { normal: 0, low: 0 };
  }

  return { raise, letForward };
}
