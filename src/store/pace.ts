import { reserveSlot } from "./gcra.ts";
import type { Pacer, PacerState, PauseReason, Slot } from "./store.ts";

/** A pause of the destination. Times are milliseconds of the store's clock. */
interface Pause {
  readonly until: number;
  readonly reason: PauseReason;
  /** How long it was asked for: the interval of a circuit's probes. */
  readonly forMs: number;
}

/** All that is kept about the pace of one destination. */
export interface Pace {
  /** When the next request is due at the steady rate. */
  readonly dueAt: number;
  /** Requests per second to which the last 429 brought the rate down, and when; absent: the ceiling. */
  readonly lowered?: { readonly rate: number; readonly at: number } | undefined;
  readonly pause?: Pause | undefined;
}

export const startingPace: Pace = { dueAt: 0 };

/** Additive increase, multiplicative decrease: a 429 takes off this much, and this many seconds bring it all back. */
const decrease = 0.85;
const climbSeconds = 400;
/** The rate never falls below this share of the ceiling: progress has to be made to learn anything. */
const floorShare = 0.05;

/** Requests per second at present: the ceiling, or climbing back to it after a 429. */
function currentRate(pace: Pace, now: number, ceiling: number): number {
  if (!pace.lowered) return ceiling;
  const climbed = (Math.max(0, now - pace.lowered.at) / 1_000) * (ceiling / climbSeconds);
  return Math.min(ceiling, pace.lowered.rate + climbed);
}

/** Only a `limited` pause ends by itself; the others are circuits, probed until someone resumes. */
function endsByItself(pause: Pause): boolean {
  return pause.reason === "limited";
}

function takeSlot(pace: Pace, now: number, ceiling: number): { slot: Slot; pace: Pace } {
  const { pause } = pace;
  if (pause && pause.until > now) {
    return { slot: { kind: "paused", waitMs: pause.until - now, reason: pause.reason }, pace };
  }
  const { waitMs, dueAt } = reserveSlot(pace.dueAt, now, currentRate(pace, now, ceiling));
  if (!pause || endsByItself(pause)) {
    return { slot: { kind: "slot", waitMs }, pace: { ...pace, dueAt, pause: undefined } };
  }
  return {
    slot: { kind: "slot", waitMs, probe: pause.reason },
    pace: { ...pace, dueAt, pause: { ...pause, until: now + pause.forMs } },
  };
}

/**
 * The longer pause wins. Slots reserved before it have to be taken anew. A 429 also lowers the rate, once per pause:
 * others that were on the wire at the same time tell nothing new.
 */
function addPause(pace: Pace, now: number, forMs: number, reason: PauseReason, ceiling: number): Pace {
  const until = now + Math.max(0, forMs);
  const known = pace.pause !== undefined && pace.pause.until > now;
  const lowered =
    reason === "limited" && !known
      ? { rate: Math.max(ceiling * floorShare, currentRate(pace, now, ceiling) * decrease), at: now }
      : pace.lowered;
  if (pace.pause && pace.pause.until >= until) return pace;
  return { dueAt: 0, lowered, pause: { until, reason, forMs } };
}

function endPause(pace: Pace, reason: PauseReason): Pace {
  return pace.pause?.reason === reason ? { ...pace, pause: undefined } : pace;
}

function paceState(pace: Pace, now: number, ceiling: number): PacerState {
  const { pause } = pace;
  const over = !pause || (endsByItself(pause) && pause.until <= now);
  return {
    rate: Math.round(currentRate(pace, now, ceiling) * 100) / 100,
    ceiling,
    pausedForMs: over ? 0 : Math.max(0, Math.ceil(pause.until - now)),
    ...(over ? {} : { reason: pause.reason }),
  };
}

/** Applies a change to the kept pace atomically; `now` is the store's clock. May call `change` more than once. */
export type ChangePace = <Result>(
  change: (pace: Pace, now: number) => { pace: Pace; result: Result },
) => Promise<Result>;

/** The pacer of one destination over any atomic change: the arithmetic is the same in every engine. */
export function createPacer(ceiling: number, changePace: ChangePace): Pacer {
  return {
    take: () =>
      changePace((pace, now) => {
        const taken = takeSlot(pace, now, ceiling);
        return { pace: taken.pace, result: taken.slot };
      }),
    pause: (forMs, reason) =>
      changePace((pace, now) => ({ pace: addPause(pace, now, forMs, reason, ceiling), result: undefined })),
    resume: (reason) => changePace((pace) => ({ pace: endPause(pace, reason), result: undefined })),
    state: () => changePace((pace, now) => ({ pace, result: paceState(pace, now, ceiling) })),
  };
}

/** Reads a kept pace; anything unreadable counts as a fresh one. */
export function parsePace(text: string | null | undefined): Pace {
  if (text === null || text === undefined) return startingPace;
  try {
    return { ...startingPace, ...(JSON.parse(text) as Pace) };
  } catch {
    return startingPace;
  }
}
