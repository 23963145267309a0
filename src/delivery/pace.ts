import { setTimeout as timeout } from "node:timers/promises";
import type { PauseReason, Pacer, Slot } from "../store/store.ts";

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
/** Another replica may have been told to pause since: after a wait longer than this the store is asked once more. */
const askAgainMs = 50;
/** So often a slot is given up because it came too late; a process that is always late must go on all the same. */
const lateSlotsMax = 3;
/** A second, and a little for what the way to the API adds and takes away. */
const windowMs = 1_015;

export interface GateOptions {
  /** Other replicas take slots of the same pacer. */
  readonly shared: boolean;
  readonly clock: () => number;
  readonly sleep?: Sleep;
}

/**
 * How late a request may leave, in milliseconds, before it could be one too many in a second that other replicas fill
 * on time. The pacer hands out a little less than the ceiling, and up to half a slot early; of the room that leaves,
 * half is for the way to the API.
 */
function lateMaxMs(ceiling: number): number {
  return 500 * ((ceiling + 0.5) / (0.98 * ceiling) - 1);
}

/**
 * The way to the API: one request at a time takes a slot of the store's pacer, so that no slot is reserved from before
 * a pause; then this process's own clock sees to it that no more than the ceiling leaves in any one second, however
 * late its timers are. Where replicas share the pacer, a slot that was missed is given up for a new one.
 */
export function createGate(pacer: Pacer, ceiling: number, options: GateOptions): Gate {
  const { shared, clock, sleep = sleepUnlessAborted } = options;
  const departures: number[] = [];
  /** The shortest way to the store and back lately: what took longer was lateness. */
  let roundTripMs = Number.POSITIVE_INFINITY;
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

  async function takeSlot(): Promise<{ slot: Slot; dueAt: number }> {
    const askedAt = clock();
    const slot = await pacer.take();
    roundTripMs = Math.min(roundTripMs * 1.02 + 0.1, clock() - askedAt);
    return { slot, dueAt: askedAt + roundTripMs + slot.waitMs };
  }

  /** Whether a slot that was taken so long before is void, because another replica has been told to pause. */
  async function pausedMeanwhile(slot: Slot): Promise<boolean> {
    if (!shared || slot.kind === "paused" || slot.probe !== undefined || slot.waitMs <= askAgainMs)
      return false;
    return (await pacer.state()).pausedForMs > 0;
  }

  async function nextPassage<Message>(
    signal: AbortSignal,
    compose: () => Promise<Message | undefined>,
  ): Promise<Passage<Message> | undefined> {
    let missed = 0;
    let composed: { message: Message } | undefined;
    while (!signal.aborted) {
      const ownDelayMs = delayMs();
      if (ownDelayMs > 0) {
        composed = undefined;
        await sleep(Math.min(ownDelayMs, lookAgainMs), signal);
        continue;
      }
      const { slot, dueAt } = await takeSlot();
      if (slot.kind === "paused") {
        composed = undefined;
        await sleep(Math.min(slot.waitMs, lookAgainMs), signal);
        continue;
      }
      if (slot.waitMs > 0 && !(await sleep(slot.waitMs, signal))) return undefined;
      const message: Message | undefined = composed?.message ?? (await compose());
      if (message === undefined) return { message, probe: slot.probe };
      for (let late = delayMs(); late > 0 && heldUntil <= clock(); late = delayMs()) {
        if (!(await sleep(late, signal))) return undefined;
      }
      // Held while it waited or was composed: the slot is void, and the message may have become old.
      if (heldUntil > clock()) continue;
      if (await pausedMeanwhile(slot)) {
        composed = undefined;
        continue;
      }
      const isLate = shared && slot.probe === undefined && clock() - dueAt > lateMaxMs(ceiling);
      if (isLate && missed < lateSlotsMax) {
        missed += 1;
        composed = { message };
        continue;
      }
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
