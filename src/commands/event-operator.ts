import { describeEvent, describeSummary } from "../http/describe.ts";
import { readEventFilter } from "../http/event-filter.ts";
import type { EventAnswer, EventSummaryAnswer } from "../http/schemas/events.ts";
import type { Store } from "../store/store.ts";
import type { Answered, AskRelay } from "./replay-operator.ts";

/** What an operator can ask about events. */
export interface EventOperator {
  /** Newest first, `limit` at most. */
  events(
    filter: Readonly<Record<string, string>>,
    limit: number,
  ): Promise<Answered<readonly EventSummaryAnswer[]>>;
  event(id: string): Promise<EventAnswer | undefined>;
}

const pageSize = 500;

/** Goes on until there are enough, or no more. */
async function pages(
  limit: number,
  page: (limit: number, cursor: string | undefined) => Promise<Page>,
): Promise<readonly EventSummaryAnswer[]> {
  const items: EventSummaryAnswer[] = [];
  let cursor: string | undefined;
  do {
    const found = await page(Math.min(limit - items.length, pageSize), cursor);
    items.push(...found.items);
    cursor = found.next;
  } while (cursor !== undefined && items.length < limit);
  return items;
}

interface Page {
  readonly items: readonly EventSummaryAnswer[];
  readonly next: string | undefined;
}

export function storeEvents(store: Store): EventOperator {
  return {
    async events(filter, limit) {
      const read = readEventFilter(filter);
      if (!read.ok) return read;
      const answer = await pages(limit, async (most, cursor) => {
        const { items, next } = await store.events.list(read.filter, most, cursor);
        return { items: items.map(describeSummary), next };
      });
      return { ok: true, answer };
    },
    async event(id) {
      const record = await store.events.find(id);
      return record && (await describeEvent(record, store));
    },
  };
}

export function httpEvents(ask: AskRelay): EventOperator {
  return {
    async events(filter, limit) {
      // What is wrong with a filter is said here, in the same words.
      const read = readEventFilter(filter);
      if (!read.ok) return read;
      const answer = await pages(limit, async (most, cursor) => {
        const query = new URLSearchParams({
          ...filter,
          limit: String(most),
          ...(cursor === undefined ? {} : { cursor }),
        });
        const page = await ask("GET", `/events?${query.toString()}`);
        const next = page?.["next"];
        return {
          items: (page?.["items"] as EventSummaryAnswer[] | undefined) ?? [],
          next: typeof next === "string" ? next : undefined,
        };
      });
      return { ok: true, answer };
    },
    event: async (id) => (await ask("GET", `/events/${encodeURIComponent(id)}`)) as EventAnswer | undefined,
  };
}
