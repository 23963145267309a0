import {
  isEventId,
  summaryOf,
  type EventFilter,
  type EventLog,
  type EventPage,
  type EventRecord,
  type FailedEvent,
} from "../event-log.ts";
import { storable } from "../storable.ts";
import type { StoreOptions } from "../store.ts";
import type { SqlPool } from "./client.ts";
import {
  eventColumns,
  eventOf,
  eventTables,
  headColumns,
  headOf,
  outcomeColumns,
  outcomeOf,
  type EventHeadRow,
  type EventRow,
  type OutcomeRow,
} from "./event-rows.ts";

type Reads = Pick<EventLog, "find" | "list" | "count" | "newestOf" | "failed">;

/** What a list is sorted by, and how its cursor is read. */
interface Order {
  readonly key: string;
  readonly tie: string;
  readonly tieType: "text" | "bigint";
  readonly cursor: RegExp;
}

const stateCursor = /^(-?\d{1,18})\.(evt_[0-9A-Za-z_]{1,64})$/;
const byAcceptance: Order = {
  key: "e.accepted_at",
  tie: "e.seq",
  tieType: "bigint",
  cursor: /^(\d{1,18})\.(\d{1,18})$/,
};

/** By when each came into its state. */
function orderOf({ state }: EventFilter): Order {
  if (state === undefined) return byAcceptance;
  const keys = {
    waiting: "s.turn",
    active: "s.due_at",
    delayed: "s.due_at",
    failed: "s.finished_at",
    completed: "s.finished_at",
  };
  return { key: keys[state], tie: "s.id", tieType: "text", cursor: stateCursor };
}

/** What only looks into the log. */
export function createEventReads(pool: SqlPool, options: StoreOptions): Reads {
  const tables = eventTables(options.prefix);

  async function find(id: string): Promise<EventRecord | undefined> {
    if (!isEventId(id)) return undefined;
    const { rows } = await pool.query<
      EventRow & OutcomeRow & { attempts: number; accepted_at: string | number }
    >(
      `SELECT ${eventColumns}, ${outcomeColumns}, s.attempts, e.accepted_at
       FROM ${tables.event} e JOIN ${tables.state} s ON s.id = e.id WHERE e.id = $1`,
      [id],
    );
    const [row] = rows;
    if (!row) return undefined;
    const { attempts, accepted_at: acceptedAt } = row;
    return { event: eventOf(row), attempts, acceptedAt: Number(acceptedAt), ...outcomeOf(row) };
  }

  /** Those of one contact are few: they are looked up one by one, whatever the list is sorted by. */
  const eventsOfContact = `(SELECT e.* FROM ${tables.schema}.mailbox_event m JOIN ${tables.event} e ON e.id = m.event_id
    WHERE m.contact = $1 OFFSET 0)`;

  function fromWhere(filter: EventFilter, conditions: readonly string[]): string {
    const from = filter.contact === undefined ? tables.event : eventsOfContact;
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    return `FROM ${from} e JOIN ${tables.state} s ON s.id = e.id ${where}`;
  }

  async function count(filter: EventFilter): Promise<number> {
    const { params, conditions } = conditionsOf(filter);
    const { rows } = await pool.query<{ count: number }>(
      `SELECT count(*)::integer AS count ${fromWhere(filter, conditions)}`,
      params,
    );
    return rows[0]?.count ?? 0;
  }

  async function list(filter: EventFilter, limit: number, cursor?: string): Promise<EventPage> {
    if (limit <= 0) return { items: [], next: undefined };
    const { key, tie, tieType, cursor: pattern } = orderOf(filter);
    const { params, conditions } = conditionsOf(filter);
    const [, lastKey, lastTie] = pattern.exec(cursor ?? "") ?? [];
    if (lastKey !== undefined && lastTie !== undefined) {
      const [first, second] = [params.push(lastKey), params.push(lastTie)];
      conditions.push(`(${key}, ${tie}) < ($${first}::bigint, $${second}::${tieType})`);
    }
    const { rows } = await pool.query<EventHeadRow & OutcomeRow & { key: string; tie: string }>(
      `SELECT ${headColumns}, ${outcomeColumns}, ${key}::text AS key, ${tie}::text AS tie
       ${fromWhere(filter, conditions)}
       ORDER BY ${key} DESC, ${tie} DESC LIMIT $${params.push(limit + 1)}`,
      params,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map((row) => summaryOf({ event: headOf(row), ...outcomeOf(row) })),
      next: last && rows.length > limit ? `${last.key}.${last.tie}` : undefined,
    };
  }

  async function newestOf(sources: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { rows } = await pool.query<{ source: string; at: string | number }>(
      `SELECT g.source, newest.accepted_at AS at FROM unnest($1::text[]) AS g (source) CROSS JOIN LATERAL (
         SELECT e.accepted_at FROM ${tables.event} e WHERE e.source = g.source
         ORDER BY e.accepted_at DESC, e.seq DESC LIMIT 1) AS newest`,
      [sources],
    );
    return new Map(rows.map(({ source, at }) => [source, Number(at)]));
  }

  async function failed(
    limit: number,
    behind?: { readonly at: number; readonly id: string },
  ): Promise<readonly FailedEvent[]> {
    const { rows } = await pool.query<FailedRow>(
      `SELECT s.id, e.source, s.failure, s.finished_at, s.attempts
       FROM ${tables.state} s JOIN ${tables.event} e ON e.id = s.id
       WHERE s.state = 'failed' ${behind ? "AND (s.finished_at, s.id) < ($2::bigint, $3::text)" : ""}
       ORDER BY s.finished_at DESC, s.id DESC LIMIT $1`,
      [limit, ...(behind ? [behind.at, behind.id] : [])],
    );
    return rows.map(({ id, source, failure, finished_at, attempts }) => ({
      event: { id, source },
      reason: failure ?? "unknown",
      at: Number(finished_at ?? 0),
      attempts,
    }));
  }

  return { find, list, count, newestOf, failed };
}

/** What the filter asks of `event e` and `event_state s`; the contact, where there is one, is the first parameter. */
function conditionsOf(filter: EventFilter): { params: unknown[]; conditions: string[] } {
  const params: unknown[] = filter.contact === undefined ? [] : [storable(filter.contact)];
  const conditions: string[] = [];
  const demand = (value: string | number | undefined, text: (place: string) => string) => {
    if (value !== undefined) conditions.push(text(`$${params.push(value)}`));
  };
  demand(storable(filter.source), (place) => `e.source = ${place}`);
  demand(storable(filter.type), (place) => `e.type = ${place}`);
  demand(wholeOf(filter.from), (place) => `e.accepted_at >= ${place}::bigint`);
  demand(wholeOf(filter.to), (place) => `e.accepted_at < ${place}::bigint`);
  // Written out, as the indexes of states name them.
  if (filter.state !== undefined) conditions.push(`s.state = '${filter.state}'`);
  return { params, conditions };
}

/** Times in the log are whole. */
function wholeOf(time: number | undefined): number | undefined {
  return time === undefined ? undefined : Math.ceil(time);
}

interface FailedRow {
  readonly id: string;
  readonly source: string;
  readonly failure: string | null;
  readonly finished_at: string | number | null;
  readonly attempts: number;
}
