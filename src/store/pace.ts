import { reserveSlot } from "./gcra.ts";
import type { Pacer, PacerState, PauseReason, Slot } from "./store.ts";

/** A pause of the destination. Times are milliseconds of the store's clock. */
export interface Pause {
  readonly until: number;
  readonly reason: PauseReason;
  /** How long it was asked for: the interval of a circuit's probes. */
  readonly forMs: number;
}

/** All that is kept about the pace of one destination. */
export interface Pace {
  readonly dueAt: number;
  readonly pause: Pause | undefined;
}

export const startingPace: Pace = { dueAt: 0, pause: undefined };

/** Only a `limited` pause ends by itself; the others are circuits, probed until someone resumes. */
function endsByItself(pause: Pause): boolean {
  return pause.reason === "limited";
}

export function takeSlot(pace: Pace, now: number, rate: number): { slot: Slot; pace: Pace } {
  const { pause } = pace;
  if (pause && pause.until > now) {
    return { slot: { kind: "paused", waitMs: pause.until - now, reason: pause.reason }, pace };
  }
  const reserved = reserveSlot(pace, now, rate);
  if (!pause || endsByItself(pause)) {
    return {
      slot: { kind: "slot", waitMs: reserved.waitMs },
      pace: { dueAt: reserved.row.dueAt, pause: undefined },
    };
  }
  return {
    slot: { kind: "slot", waitMs: reserved.waitMs, probe: pause.reason },
    pace: { dueAt: reserved.row.dueAt, pause: { ...pause, until: now + pause.forMs } },
  };
}

/** The longer pause wins. A slot reserved before the pause has to be taken anew. */
export function addPause(pace: Pace, now: number, forMs: number, reason: PauseReason): Pace {
  const until = now + Math.max(0, forMs);
  if (pace.pause && pace.pause.until >= until) return pace;
  return { dueAt: 0, pause: { until, reason, forMs } };
}

export function endPause(pace: Pace, reason: PauseReason): Pace {
  return pace.pause?.reason === reason ? { ...pace, pause: undefined } : pace;
}

export function paceState(pace: Pace, now: number, ceiling: number): PacerState {
  const { pause } = pace;
  const over = !pause || (endsByItself(pause) && pause.until <= now);
  return {
    rate: ceiling,
    ceiling,
    pausedForMs: over ? 0 : Math.max(0, pause.until - now),
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
      changePace((pace, now) => ({ pace: addPause(pace, now, forMs, reason), result: undefined })),
    resume: (reason) => changePace((pace) => ({ pace: endPause(pace, reason), result: undefined })),
    state: () => changePace((pace, now) => ({ pace, result: paceState(pace, now, ceiling) })),
  };
}

/** Reads a kept pace; anything unreadable counts as a fresh one. */
export function parsePace(text: string | null | undefined): Pace {
  if (text === null || text === undefined) return startingPace;
  try {
    const { dueAt, pause } = JSON.parse(text) as Pace;
    return { dueAt, pause };
  } catch {
    return startingPace;
  }
}
