import { reserveSlot } from "./gcra.ts";
import type { ArchivedPace } from "./archive-port.ts";
import type { Grant, Pacer, PacerState, PauseReason } from "./store.ts";

/** A pause of the destination. Times are milliseconds of the store's clock. */
interface Pause {
  readonly until: number;
  readonly reason: PauseReason;
  /** The interval of a circuit's probes. */
  readonly forMs: number;
  /** When the first of the pauses for this reason began that follow one another. */
  readonly since?: number;
}

/** All that is kept about the pace of one destination. */
export interface Pace {
  /** When the next request is due at the steady rate. */
  readonly dueAt: number;
  /** To how many requests per second the last 429 brought the rate down, from what `limit`, and when. */
  readonly lowered?: { readonly rate: number; readonly limit: number; readonly at: number } | undefined;
  readonly pause?: Pause | undefined;
}

export const startingPace: Pace = { dueAt: 0 };

/**
 * Additive increase, multiplicative decrease. A first 429 may be somebody else's doing; one soon after another means that
 * the ceiling is wrong; a later one that the rate has just climbed back to what is allowed.
 */
const decrease = { first: 0.85, soonAfter: 0.7, later: 0.92 } as const;
const soonAfterMs = 10_000;
const laterMs = 60_000;
/** Up to this share of the rate that met the last 429 the way back is quick, beyond it slow: seconds for a whole ceiling. */
const familiarShare = 0.9;
const climbSeconds = { familiar: 20, beyond: 400 } as const;
/** The rate never falls below this share of the ceiling: progress has to be made to learn anything. */
const floorShare = 0.05;
/** A little less than the rate, so that the jitter of networks and timers does not make it a little more. */
const utilization = 0.98;
/** Slots beyond the first are taken this far ahead at most: another replica's pause finds few of them taken. */
const horizonMs = 50;

/** Requests per second at present: the ceiling, or climbing back to it after a 429. */
function currentRate(pace: Pace, now: number, ceiling: number): number {
  if (!pace.lowered) return ceiling;
  const { rate, at, limit } = pace.lowered;
  const seconds = Math.max(0, now - at) / 1_000;
  const familiar = Math.max(rate, limit * familiarShare);
  const quickSeconds = ((familiar - rate) / ceiling) * climbSeconds.familiar;
  if (seconds < quickSeconds) return rate + (seconds * ceiling) / climbSeconds.familiar;
  return Math.min(ceiling, familiar + ((seconds - quickSeconds) * ceiling) / climbSeconds.beyond);
}

/** Only a `limited` pause ends by itself; the others are circuits, probed until someone resumes. */
function endsByItself(pause: Pause): boolean {
  return pause.reason === "limited";
}

function takeSlots(
  pace: Pace,
  now: number,
  ceiling: number,
  count: number,
  lateMs: number,
): { grant: Grant; pace: Pace } {
  const { pause } = pace;
  if (pause && pause.until > now) {
    return { grant: { kind: "paused", waitMs: pause.until - now, reason: pause.reason }, pace };
  }
  const rate = currentRate(pace, now, ceiling) * utilization;
  const first = reserveSlot(pace.dueAt, now, rate, lateMs);
  if (pause && !endsByItself(pause)) {
    return {
      grant: { kind: "slots", waitsMs: [first.waitMs], probe: pause.reason },
      pace: { ...pace, dueAt: first.dueAt, pause: { ...pause, until: now + pause.forMs } },
    };
  }
  const waitsMs = [first.waitMs];
  let { dueAt } = first;
  while (waitsMs.length < count && dueAt <= now + horizonMs) {
    const slot = reserveSlot(dueAt, now, rate, lateMs);
    waitsMs.push(slot.waitMs);
    dueAt = slot.dueAt;
  }
  return { grant: { kind: "slots", waitsMs }, pace: { ...pace, dueAt, pause: undefined } };
}

/**
 * The rate after a 429, which may say how much is allowed. No single answer more than halves it: what a limit counts is
 * not always what it seems.
 */
function lowered(pace: Pace, now: number, ceiling: number, allowedRate: number | undefined): Pace["lowered"] {
  const limit = currentRate(pace, now, ceiling);
  const sinceMs = pace.lowered ? now - pace.lowered.at : Number.POSITIVE_INFINITY;
  const share =
    sinceMs <= soonAfterMs ? decrease.soonAfter : sinceMs <= laterMs ? decrease.later : decrease.first;
  const told = allowedRate === undefined ? limit : Math.max(limit / 2, allowedRate * 0.95);
  const rate = Math.max(ceiling * floorShare, Math.min(limit * share, told));
  return { rate, limit: told < limit ? Math.max(rate, told) : limit, at: now };
}

/**
 * The longer pause wins. Slots reserved before it have to be taken anew. A 429 also lowers the rate, once per pause:
 * others that were on the wire at the same time tell nothing new.
 */
function addPause(
  pace: Pace,
  now: number,
  ceiling: number,
  pause: { forMs: number; reason: PauseReason; allowedRate?: number; everyMs?: number },
): Pace {
  const { forMs, reason, allowedRate, everyMs = forMs } = pause;
  const until = now + Math.max(0, forMs);
  const known = pace.pause !== undefined && pace.pause.until > now;
  const slower = reason === "limited" && !known ? lowered(pace, now, ceiling, allowedRate) : pace.lowered;
  if (pace.pause && pace.pause.until >= until) return pace;
  const goesOn = pace.pause?.reason === reason && (known || !endsByItself(pace.pause));
  const since = goesOn ? (pace.pause?.since ?? now) : now;
  return { dueAt: 0, lowered: slower, pause: { until, reason, forMs: everyMs, since } };
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
    ...(over || pause.since === undefined
      ? {}
      : { pausedSinceMs: Math.max(0, Math.floor(now - pause.since)) }),
  };
}

/** Applies a change to the kept pace atomically; `now` is the store's clock. May call `change` more than once. */
export type ChangePace = <Result>(
  change: (pace: Pace, now: number) => { pace: Pace; result: Result },
) => Promise<Result>;

/**
 * The pacer of one destination over any atomic change: the arithmetic is the same in every engine.
 *
 * @param lateMs how long ago a slot may have been due that is still granted: more than 0 only where a single process
 * takes slots, which counts what it sends in every second by itself
 */
export function createPacer(ceiling: number, changePace: ChangePace, lateMs = 0): Pacer {
  return {
    take: (count) =>
      changePace((pace, now) => {
        const taken = takeSlots(pace, now, ceiling, count, lateMs);
        return { pace: taken.pace, result: taken.grant };
      }),
    pause: (forMs, reason, more = {}) =>
      changePace((pace, now) => ({
        pace: addPause(pace, now, ceiling, { forMs, reason, ...more }),
        result: undefined,
      })),
    restoreRate: () => changePace((pace) => ({ pace: { ...pace, lowered: undefined }, result: undefined })),
    resume: (reason) => changePace((pace) => ({ pace: endPause(pace, reason), result: undefined })),
    state: () => changePace((pace, now) => ({ pace, result: paceState(pace, now, ceiling) })),
  };
}

/** What of a pace is not the usual, its times by another clock; undefined when there is nothing to tell. */
export function archivedPace(pace: Pace, now: number, otherNow: number): ArchivedPace | undefined {
  const shiftMs = otherNow - now;
  const { lowered } = pace;
  const pause = pace.pause && endsByItself(pace.pause) && pace.pause.until <= now ? undefined : pace.pause;
  if (!pause && !lowered) return undefined;
  return {
    kind: "pace",
    ...(pause ? { pause: shifted(pause, shiftMs) } : {}),
    ...(lowered ? { lowered: { ...lowered, at: Math.round(lowered.at + shiftMs) } } : {}),
  };
}

function shifted(pause: Pause, shiftMs: number): Pause {
  const { since } = pause;
  return {
    ...pause,
    until: Math.round(pause.until + shiftMs),
    ...(since === undefined ? {} : { since: Math.round(since + shiftMs) }),
  };
}

/** The longer pause and the later lowering stay. */
export function mergedPace(pace: Pace, given: ArchivedPace, now: number, otherNow: number): Pace {
  const shiftMs = now - otherNow;
  const pause = given.pause && shifted(given.pause, shiftMs);
  const lowering = given.lowered && { ...given.lowered, at: given.lowered.at + shiftMs };
  const longer = pause !== undefined && (!pace.pause || pace.pause.until < pause.until);
  const later = lowering !== undefined && (!pace.lowered || pace.lowered.at < lowering.at);
  if (!longer && !later) return pace;
  return {
    dueAt: longer ? 0 : pace.dueAt,
    lowered: later ? lowering : pace.lowered,
    pause: longer ? pause : pace.pause,
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
