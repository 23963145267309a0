import { setTimeout as timeout } from "node:timers/promises";
import type { PauseReason, Pacer } from "../store/store.ts";

/** Leave to send one request now, with what it is to say; undefined when there was nothing to say after all. */
export interface Passage<Message> {
  readonly message: Message | undefined;
  /** A good answer to this request ends this pause. */
  readonly probe: PauseReason | undefined;
}

export interface Gate {
  /**
   * Waits for the destination's next slot, then asks `compose` for the message, so that it is as new as can be.
   * Undefined when `signal` ended the wait: then nothing may be sent.
   */
  pass<Message>(
    signal: AbortSignal,
    compose: () => Promise<Message | undefined>,
  ): Promise<Passage<Message> | undefined>;
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
/** A second, and a little for what the way to the API adds and takes away. */
const windowMs = 1_015;

/**
 * The way to the API: one request at a time takes a slot of the store's pacer, so that no slot is reserved from before
 * a pause; then this process's own clock sees to it that no more than the ceiling leaves in any one second, however
 * late its timers are.
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
  let line: Promise<unknown> = Promise.resolve();

  /** How long this process has to wait by its own clock: for a hold, and for its own last second to pass. */
  function delayMs(): number {
    const now = clock();
    const oldest = departures[departures.length - perWindow];
    const windowDelayMs = oldest === undefined ? 0 : oldest + (windowMs * perWindow) / ceiling - now;
    // A clock that was set back must not stop deliveries.
    return Math.max(heldUntil - now, Math.min(windowDelayMs, windowMs * Math.max(1, 1 / ceiling)), 0);
  }

  async function nextPassage<Message>(
    signal: AbortSignal,
    compose: () => Promise<Message | undefined>,
  ): Promise<Passage<Message> | undefined> {
    while (!signal.aborted) {
      const ownDelayMs = delayMs();
      if (ownDelayMs > 0) {
        await sleep(Math.min(ownDelayMs, lookAgainMs), signal);
        continue;
      }
      const slot = await pacer.take();
      if (slot.kind === "paused") {
        await sleep(Math.min(slot.waitMs, lookAgainMs), signal);
        continue;
      }
      if (slot.waitMs > 0 && !(await sleep(slot.waitMs, signal))) return undefined;
      const message = await compose();
      if (message === undefined) return { message, probe: slot.probe };
      for (let late = delayMs(); late > 0 && heldUntil <= clock(); late = delayMs()) {
        if (!(await sleep(late, signal))) return undefined;
      }
      // Held while it waited or was composed: the slot is void, and the message may have become old.
      if (heldUntil > clock()) continue;
      departures.push(clock());
      if (departures.length > 2 * perWindow) departures.splice(0, departures.length - perWindow);
      return { message, probe: slot.probe };
    }
    return undefined;
  }

  return {
    async pass(signal, compose) {
      const passage = line.then(() => nextPassage(signal, compose));
      line = passage.catch(() => undefined);
      return await passage;
    },
    hold(forMs) {
      heldUntil = Math.max(heldUntil, clock() + forMs);
    },
  };
}
