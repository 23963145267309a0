import { setTimeout as timeout } from "node:timers/promises";
import type { PauseReason, Pacer } from "../store/store.ts";

/** Leave to send one request. `probe`: a good answer to it ends this pause. */
export interface Passage {
  readonly probe: PauseReason | undefined;
}

export interface Gate {
  /** Waits for the destination's next slot. Undefined when `signal` ended the wait: then nothing may be sent. */
  pass(signal: AbortSignal): Promise<Passage | undefined>;
  /** Holds every request of this process at once, before the store knows of the pause. */
  hold(forMs: number): void;
}

/** Waits; false when `signal` ended the wait early. */
export type Sleep = (delayMs: number, signal: AbortSignal) => Promise<boolean>;

const sleepUnlessAborted: Sleep = async (delayMs, signal) => {
  try {
    await timeout(delayMs, undefined, { signal });
    return true;
  } catch {
    return false;
  }
};

/** A pause may be lifted early by another replica, so a waiting process looks again this often. */
const lookAgainMs = 2_000;
const windowMs = 1_000;

/**
 * The way to the API: a slot of the store's pacer, then a check by this process's own clock that no more than
 * the ceiling leaves in any one second, however late its timers are.
 */
export function createGate(
  pacer: Pacer,
  ceiling: number,
  clock: () => number,
  sleep: Sleep = sleepUnlessAborted,
): Gate {
  const departures: number[] = [];
  const perWindow = Math.max(1, Math.floor(ceiling));
  let heldUntil = 0;

  function departureDelayMs(now: number): number {
    const oldest = departures[departures.length - perWindow];
    const windowDelay = oldest === undefined ? 0 : oldest + windowMs * (perWindow / ceiling) - now;
    return Math.max(heldUntil - now, Math.min(windowDelay, windowMs * Math.max(1, 1 / ceiling)), 0);
  }

  async function pass(signal: AbortSignal): Promise<Passage | undefined> {
    while (!signal.aborted) {
      const heldMs = heldUntil - clock();
      if (heldMs > 0) {
        if (!(await sleep(Math.min(heldMs, lookAgainMs), signal))) return undefined;
        continue;
      }
      const slot = await pacer.take();
      if (slot.kind === "paused") {
        if (!(await sleep(Math.min(slot.waitMs, lookAgainMs), signal))) return undefined;
        continue;
      }
      if (slot.waitMs > 0 && !(await sleep(slot.waitMs, signal))) return undefined;
      if (heldUntil > clock()) continue;
      let delayMs = departureDelayMs(clock());
      while (delayMs > 0) {
        if (!(await sleep(delayMs, signal))) return undefined;
        delayMs = departureDelayMs(clock());
      }
      departures.push(clock());
      if (departures.length > 2 * perWindow) departures.splice(0, departures.length - perWindow);
      return { probe: slot.probe };
    }
    return undefined;
  }

  return {
    pass,
    hold(forMs) {
      heldUntil = Math.max(heldUntil, clock() + forMs);
    },
  };
}
