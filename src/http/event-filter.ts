import type { EventFilter } from "../store/event-log.ts";
import { eventsFilter } from "./schemas/events.ts";

type Read = { ok: true; filter: EventFilter } | { ok: false; message: string };

/** Reads the filter of a list of events from its query; what is empty counts as absent. */
export function readEventFilter(query: Readonly<Record<string, string>>): Read {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
  const read = eventsFilter.safeParse(given);
  if (read.success) return { ok: true, filter: read.data };
  return { ok: false, message: read.error.issues[0]?.message ?? "" };
}
