import { openText, runbookOf, type NoticeKind } from "../notices/kinds.ts";
import type { StatusOfSome } from "./answers.ts";
import { worksOf } from "./figures.ts";

/** One thing that needs a person, with what to do about it. */
export interface Need {
  readonly text: string;
  /** Null where it has just been seen. */
  readonly since: string | null;
  /** A heading of the runbook, as its anchor. */
  readonly heading: string;
}

/**
 * What is open as a notice, and what is seen now and has not held for long enough to be one. What is parked has a list of
 * its own, by its groups.
 */
export function needsOf(status: StatusOfSome): readonly Need[] {
  const { notices = [], store, bus = {}, spool } = status;
  const open = notices.filter(({ kind }) => kind !== "parked");
  const known = new Set(open.flatMap(({ kind, subject }) => [kind, `${kind} ${subject ?? ""}`]));
  const seen: Need[] = [];
  const see = (kind: NoticeKind, subject?: string, since: string | null = null) => {
    if (known.has(subject === undefined ? kind : `${kind} ${subject}`)) return;
    seen.push({
      text: openText({ kind, level: 1, ...(subject === undefined ? {} : { subject }) }),
      since,
      heading: headingOf(runbookOf(kind)),
    });
  };
  for (const { destination, upstream } of worksOf(status)) {
    const subject = destination === "" ? undefined : destination;
    const { state, since } = upstream;
    if (state === "unauthorized") see("token-refused", subject, since);
    if (state === "failing") see("api-failing", subject, since);
  }
  if (store.ok && store.refuses !== undefined) see("store-refusing");
  if (spool.events > 0 && !known.has("spool-half-full")) see("spool-filling");
  for (const [source, { state }] of Object.entries(bus)) if (state === "away") see("bus-away", source);
  return [...open.map(({ text, since, runbook }) => ({ text, since, heading: headingOf(runbook) })), ...seen];
}

function headingOf(runbook: string): string {
  return runbook.slice(runbook.indexOf("#") + 1);
}

/** Sources that are silent against their habit. */
export function silentSources({ notices = [] }: StatusOfSome): ReadonlySet<string> {
  return new Set(notices.flatMap(({ kind, subject }) => (kind === "source-silent" ? (subject ?? []) : [])));
}
