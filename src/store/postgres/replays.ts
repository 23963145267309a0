import { randomUUID } from "node:crypto";
import { ulid } from "ulid";
import {
  isReplayId,
  noProgress,
  replayPage,
  replaysKept,
  type Replay,
  type ReplayPlan,
  type ReplayProgress,
  type Replays,
  type ReplayState,
} from "../replays.ts";
import { storable } from "../storable.ts";
import type { StoreOptions } from "../store.ts";
import type { SqlPools } from "./client.ts";
import { relaySchema } from "./schema.ts";

interface ReplayRow {
  readonly id: string;
  readonly state: ReplayState;
  readonly plan: string;
  readonly progress: string;
  readonly message: string | null;
  readonly created_at: string | number;
  readonly finished_at: string | number | null;
}

const columns = "id, state, plan, progress, message, created_at, finished_at";
const pruneEveryMinMs = 1_000;
const pruneEveryMaxMs = 60_000;
/** Leases are by the server's clock, which all replicas share. */
const serverNow = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/** Replays in a table of their own; each call is one statement. */
export function createSqlReplays(pools: SqlPools, options: StoreOptions, clock: () => number): Replays {
  const { pool, working } = pools;
  const table = `"${relaySchema(options.prefix)}".replay`;
  const keepMs = Math.ceil(options.retentionMs);

  const pruneEveryMs = Math.min(pruneEveryMaxMs, Math.max(pruneEveryMinMs, keepMs / 100));
  let prunedAt = Number.NEGATIVE_INFINITY;

  async function pruneNowAndThen(): Promise<void> {
    if (Math.abs(clock() - prunedAt) < pruneEveryMs) return;
    prunedAt = clock();
    await working.query(
      `DELETE FROM ${table} WHERE id IN (
         SELECT id FROM ${table} WHERE state <> 'running' AND finished_at <= ${serverNow} - $1::bigint
         UNION SELECT id FROM (SELECT id FROM ${table} WHERE state <> 'running' ORDER BY id DESC OFFSET $2) AS surplus)`,
      [keepMs, replaysKept],
    );
  }

  async function one(text: string, params: readonly unknown[]): Promise<Replay | undefined> {
    const { rows } = await pool.query<ReplayRow>(text, params);
    return rows[0] && replayOf(rows[0]);
  }

  const find = (id: string) => one(`SELECT ${columns} FROM ${table} WHERE id = $1`, [id]);

  return {
    now: () => Promise.resolve(clock()),
    async create(plan) {
      const progress: ReplayProgress = { ...noProgress, rate: 0 };
      const created = await one(
        `INSERT INTO ${table} (id, state, contact, plan, progress, created_at)
         VALUES ($1, 'running', $2, $3, $4, ${serverNow}) RETURNING ${columns}`,
        [
          `rpl_${ulid()}`,
          storable(plan.filter.contact ?? null),
          JSON.stringify(storable(plan)),
          JSON.stringify(progress),
        ],
      );
      if (!created) throw new Error("the database answered without the replay");
      return created;
    },
    find: async (id) => (isReplayId(id) ? await find(id) : undefined),
    async list(limit, cursor) {
      const behind = cursor !== undefined && isReplayId(cursor);
      const { rows } = await working.query<ReplayRow>(
        `SELECT ${columns} FROM ${table} ${behind ? "WHERE id < $2" : ""} ORDER BY id DESC LIMIT $1`,
        [limit + 1, ...(behind ? [cursor] : [])],
      );
      return replayPage(rows.map(replayOf), limit);
    },
    async stop(id) {
      if (!isReplayId(id)) return undefined;
      const stopped = await one(
        `UPDATE ${table} SET state = 'stopped', lease = NULL, lease_until = NULL, finished_at = ${serverNow}
         WHERE id = $1 AND state = 'running' RETURNING ${columns}`,
        [id],
      );
      return stopped ?? (await find(id));
    },
    async claim(leaseMs) {
      await pruneNowAndThen();
      const lease = randomUUID();
      const replay = await one(
        `UPDATE ${table} SET lease = $1, lease_until = ${serverNow} + $2::bigint WHERE id = (
           SELECT id FROM ${table} WHERE state = 'running' AND (lease_until IS NULL OR lease_until <= ${serverNow})
           ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ${columns}`,
        [lease, Math.ceil(leaseMs)],
      );
      return replay && { replay, lease };
    },
    async save({ replay, lease }, progress, leaseMs) {
      const { rows } = await working.query(
        `UPDATE ${table} SET progress = $3, lease_until = ${serverNow} + $4::bigint
         WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING id`,
        [replay.id, lease, JSON.stringify(progress), Math.ceil(leaseMs)],
      );
      return rows.length > 0;
    },
    async end({ replay, lease }, state, progress, message) {
      const { rows } = await pool.query(
        `UPDATE ${table} SET state = $3, progress = $4, message = $5, finished_at = ${serverNow}, lease = NULL,
           lease_until = NULL
         WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING id`,
        [replay.id, lease, state, JSON.stringify(progress), storable(message ?? null)],
      );
      return rows.length > 0;
    },
    async release({ replay, lease }) {
      await working.query(
        `UPDATE ${table} SET lease = NULL, lease_until = NULL WHERE id = $1 AND lease = $2`,
        [replay.id, lease],
      );
    },
    async forget(contact) {
      await pool.query(`DELETE FROM ${table} WHERE contact = $1`, [storable(contact)]);
    },
  };
}

function replayOf(row: ReplayRow): Replay {
  return {
    ...(JSON.parse(row.plan) as ReplayPlan),
    id: row.id,
    state: row.state,
    createdAt: Number(row.created_at),
    ...(row.finished_at === null ? {} : { finishedAt: Number(row.finished_at) }),
    ...(row.message === null ? {} : { message: row.message }),
    progress: JSON.parse(row.progress) as ReplayProgress,
  };
}
