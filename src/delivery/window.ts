/** A second, and a little for what the way to the API adds and takes away. */
const windowMs = 1_015;

/** What this process itself has sent lately: never more than the ceiling in any one second, however late its timers. */
export interface OwnWindow {
  /** How long the next request has to wait, in milliseconds; 0 when it may leave now. */
  delayMs(): number;
  /** A request leaves now. */
  left(): void;
}

export function createOwnWindow(ceiling: number, clock: () => number): OwnWindow {
  const departures: number[] = [];
  const perWindow = Math.max(1, Math.floor(ceiling));
  const spanMs = (windowMs * perWindow) / ceiling;
  // A clock that was set back must not stop deliveries.
  const longestMs = windowMs * Math.max(1, 1 / ceiling);

  return {
    delayMs() {
      const oldest = departures[departures.length - perWindow];
      if (oldest === undefined) return 0;
      return Math.max(0, Math.min(oldest + spanMs - clock(), longestMs));
    },
    left() {
      departures.push(clock());
      if (departures.length > 2 * perWindow) departures.splice(0, departures.length - perWindow);
    },
  };
}
