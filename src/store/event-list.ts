import type { RelayEvent } from "../contact/event.ts";
import { jobsById, type StateQueue } from "./job-pages.ts";
import { delayCause, type StoredJob } from "./queues.ts";
import type { EventFilter, EventPage, EventResult, EventState, EventSummary } from "./store.ts";

type EventJob = StoredJob<RelayEvent, EventResult>;

/** The part of the `events` queue that listing needs. */
export type ListedQueue = StateQueue<EventJob, EventState>;

/** What is being worked on first, then what waits, then what is done. */
const order: readonly EventState[] = ["active", "waiting", "delayed", "failed", "completed"];
/** Looked through for one page: a filter that fits hardly anything must not read everything at once. */
const scannedMax = 2_000;
const stepIds = 100;

/**
 * Lists events state by state, newest first within each. A page can be shorter than `limit`, even empty, and still have a
 * next one: then the filter fitted little of what was looked through.
 */
export async function listEvents(
  queue: ListedQueue,
  filter: EventFilter,
  limit: number,
  cursor: string | undefined,
): Promise<EventPage> {
  const states = filter.state === undefined ? order : [filter.state];
  let { state, offset } = readCursor(cursor, states);
  const items: EventSummary[] = [];
  let scanned = 0;
  while (state !== undefined && items.length < limit && scanned < scannedMax) {
    const ids = await queue.getRanges([state], offset, offset + stepIds - 1, false);
    let looked = 0;
    for await (const job of jobsById(queue, ids)) {
      looked += 1;
      if (job && (filter.source === undefined || job.data.source === filter.source)) {
        items.push(summaryOf(job, state));
      }
      if (items.length === limit) break;
    }
    scanned += Math.max(1, looked);
    offset += looked;
    if (looked === ids.length && ids.length < stepIds) {
      state = states[states.indexOf(state) + 1];
      offset = 0;
    }
  }
  return { items, next: state === undefined ? undefined : `${state}:${offset}` };
}

function readCursor(cursor: string | undefined, states: readonly EventState[]) {
  const [, name, offset] = /^([a-z]+):(\d{1,9})$/.exec(cursor ?? "") ?? [];
  const state = states.find((known) => known === name);
  return state === undefined ? { state: states[0], offset: 0 } : { state, offset: Number(offset) };
}

function summaryOf(job: EventJob, state: EventState): EventSummary {
  const { id, source, provider, type, occurredAt, receivedAt, replay } = job.data;
  const result = job.returnvalue;
  const ended = state === "completed" && result?.outcome === "ignored" ? result.reason : undefined;
  const reason = ended ?? delayCause(job, state);
  return {
    id,
    source,
    provider,
    type,
    occurredAt,
    receivedAt,
    replay,
    state,
    ...(state === "completed" && result ? { outcome: result.outcome } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(state === "failed" ? { outcome: "failed", reason: job.failedReason ?? "unknown" } : {}),
    contacts: result?.outcome === "mapped" ? result.updates.map((update) => update.contact) : [],
  };
}
