import type { RelayEvent } from "../../contact/event.ts";
import { keptPriority, priorityOf } from "../../contact/priority.ts";
import type { EventRecord, EventResult, EventState } from "../event-log.ts";
import { relaySchema } from "./schema.ts";

/** What is known of an event without what it told. */
export interface EventHeadRow {
  readonly id: string;
  readonly source: string;
  readonly provider: string;
  readonly identity: string;
  readonly type: string;
  readonly occurred_at: string | number;
  readonly received_at: string | number;
  readonly replay: number;
  readonly retried_at: string | number | null;
  readonly erased: string | null;
  readonly withdrawn: string | null;
  readonly priority: number;
}

export interface EventRow extends EventHeadRow {
  readonly attributes: string;
  readonly payload: string;
}

export interface OutcomeRow {
  readonly state: EventState;
  readonly finished_at: string | number | null;
  readonly result: string | null;
  readonly failure: string | null;
  readonly waits_for: string | null;
}

/** Of `event e` and `event_state s`. */
export const headColumns = `e.id, e.source, e.provider, e.identity, e.type, e.occurred_at, e.received_at,
  s.replay, s.retried_at, s.erased, s.withdrawn, s.priority`;
export const eventColumns = `${headColumns}, e.attributes, e.payload`;
export const outcomeColumns = "s.state, s.finished_at, s.result, s.failure, s.waits_for";

export function eventTables(prefix: string) {
  const schema = `"${relaySchema(prefix)}"`;
  return {
    schema,
    event: `${schema}.event`,
    state: `${schema}.event_state`,
    window: `${schema}.event_window`,
    nextTurn: `nextval('${schema}.event_turn')`,
  };
}

export function headOf(row: EventHeadRow): Omit<RelayEvent, "attributes" | "payload"> {
  const { id, source, provider, identity, type, replay, withdrawn, priority } = row;
  return {
    id,
    source,
    provider,
    identity,
    type,
    occurredAt: Number(row.occurred_at),
    receivedAt: Number(row.received_at),
    replay,
    ...(row.retried_at === null ? {} : { retriedAt: Number(row.retried_at) }),
    ...(row.erased === null ? {} : { erased: JSON.parse(row.erased) as string[] }),
    ...(withdrawn === "erased" || withdrawn === "dropped" ? { withdrawn } : {}),
    ...keptPriority(priorityOf(priority)),
  };
}

export function eventOf(row: EventRow): RelayEvent {
  const attributes = JSON.parse(row.attributes) as RelayEvent["attributes"];
  return { ...headOf(row), attributes, payload: row.payload };
}

export function outcomeOf(row: OutcomeRow): Omit<EventRecord, "event" | "attempts" | "acceptedAt"> {
  const { state, failure, waits_for: waitsFor } = row;
  return {
    state,
    ...(row.finished_at === null ? {} : { finishedAt: Number(row.finished_at) }),
    ...(row.result === null ? {} : { result: JSON.parse(row.result) as EventResult }),
    ...(failure === null ? {} : { failure }),
    ...(waitsFor === null || state !== "delayed" ? {} : { waitsFor }),
  };
}

/** One array per column, as `unnest` takes them. */
export function columnsOf<Item>(
  items: readonly Item[],
  picks: readonly ((item: Item) => string | number | boolean | null)[],
): (string | number | boolean | null)[][] {
  return picks.map((pick) => items.map(pick));
}
