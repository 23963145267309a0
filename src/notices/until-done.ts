/** What waits, by what is done with it. */
interface Waiting {
  readonly waiting: number;
  readonly active: number;
}

/** What is waited for, and how fast it goes. */
export interface Outstanding {
  readonly queues: { readonly events: Waiting; readonly contacts: Waiting };
  readonly upstream: { readonly state: string; readonly rate: number | null };
}

/** At most: what is merged costs fewer requests than it has events. */
export function minutesUntilDone(ratePerSecond: number, { events, contacts }: Outstanding["queues"]): number {
  const requests = events.waiting + events.active + contacts.waiting + contacts.active;
  return requests / Math.max(ratePerSecond, 0.01) / 60;
}

/** When all of it is delivered; undefined where nothing waits, or nobody can know. */
export function untilDoneText({ queues, upstream: { state, rate } }: Outstanding): string | undefined {
  const minutes = rate === null ? 0 : minutesUntilDone(rate, queues);
  if (minutes === 0 || (state !== "ok" && state !== "limited")) return undefined;
  if (minutes < 1) return "within a minute";
  return `in about ${minutes < 120 ? `${Math.ceil(minutes)} min` : `${Math.round(minutes / 6) / 10} h`} at most`;
}
