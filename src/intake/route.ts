import type { RelayEvent } from "../contact/event.ts";
import type { Acceptance, EventLog } from "../store/event-log.ts";

type Accept = EventLog["accept"];

/**
 * Accepts events into the log of whomever their source belongs to. A request's events are of one source; what comes out of
 * the spool is of many.
 *
 * @param logOf where events of a source are kept
 */
export function acceptByRoute(logOf: (source: string) => { readonly accept: Accept }): Accept {
  return async (events) => {
    const [first] = events;
    if (!first) return [];
    const parts = new Map<
      { readonly accept: Accept },
      { readonly event: RelayEvent; readonly at: number }[]
    >();
    for (const [at, event] of events.entries()) {
      const log = logOf(event.source);
      const part = parts.get(log) ?? [];
      part.push({ event, at });
      parts.set(log, part);
    }
    if (parts.size === 1) return await logOf(first.source).accept(events);
    const accepted: Acceptance[] = [];
    for (const [log, part] of parts) {
      const acceptances = await log.accept(part.map(({ event }) => event));
      for (const [index, { at }] of part.entries()) {
        const acceptance = acceptances[index];
        if (acceptance) accepted[at] = acceptance;
      }
    }
    return accepted;
  };
}
