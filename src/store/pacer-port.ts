/** Why the destination is paused. */
export type PauseReason = "limited" | "unauthorized" | "failing";

export type Grant =
  /**
   * One slot for each of `waitsMs`, which rise: send after that long. `probe`: the only slot is that of the one request
   * that finds out whether this pause can end.
   */
  | { kind: "slots"; waitsMs: readonly number[]; probe?: PauseReason }
  /** Nothing may be sent for `waitMs`; no slot is taken. */
  | { kind: "paused"; waitMs: number; reason: PauseReason };

export interface PacerState {
  /** Requests per second at present. */
  readonly rate: number;
  readonly ceiling: number;
  /** 0 when not paused. */
  readonly pausedForMs: number;
  readonly reason?: PauseReason;
  /** How long ago it was first paused for this reason, without a success since. */
  readonly pausedSinceMs?: number;
}

/** The request rate of one destination, shared by all replicas: GCRA by the store's clock. */
export interface Pacer {
  /** Takes the next slot, and of those that are due within the next 50 ms as many as make `count` in all. */
  take(count: number): Promise<Grant>;
  /**
   * No request before `forMs` from now; a longer pause already set stays, with its reason.
   * A `limited` pause ends by itself and lowers the rate; `allowedRate` is what the API says it allows per second.
   * The others are circuits: when one runs out, `take` grants a single slot,
   * marked as its `probe`, and pauses for another `everyMs` (`forMs` if not given), until `resume`.
   */
  pause(forMs: number, reason: PauseReason, more?: { allowedRate?: number; everyMs?: number }): Promise<void>;
  /** Ends a pause of this reason at once. */
  resume(reason: PauseReason): Promise<void>;
  /** Takes back what 429s have lowered the rate to: they were one contact's own. */
  restoreRate(): Promise<void>;
  state(): Promise<PacerState>;
}
