/**
 * The order of updates as one string that sorts: event time, then arrival, then event id, then replay number.
 * Two updates never share a stamp unless they are the same run of the same event.
 */
export type Stamp = string & { readonly __brand: "Stamp" };

/** An event cannot have happened later than this after it arrived: a clock that runs ahead. */
export const aheadToleranceMs = 5 * 60_000;

/** Milliseconds since the epoch at which an event counts as having happened. */
export function effectiveTime(occurredAt: number | undefined, receivedAt: number): number {
  if (occurredAt === undefined || !Number.isFinite(occurredAt) || occurredAt < 0) return receivedAt;
  return occurredAt > receivedAt + aheadToleranceMs ? receivedAt : Math.trunc(occurredAt);
}

export function makeStamp(event: {
  /** Milliseconds since the epoch, see {@link effectiveTime}. */
  occurredAt: number;
  receivedAt: number;
  id: string;
  replay: number;
}): Stamp {
  const replay = String(event.replay).padStart(6, "0");
  const stamp = `${sortable(event.occurredAt)}-${sortable(event.receivedAt)}-${event.id}-${replay}`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only maker of the brand
  return stamp as Stamp;
}

function sortable(timeMs: number): string {
  return String(Math.max(0, Math.trunc(timeMs))).padStart(15, "0");
}

/** Negative when `a` is older than `b`. Code-unit order, the same in every engine and locale. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
