import { setMaxListeners } from "node:events";
import { setTimeout as timeout } from "node:timers/promises";
import type { Priority } from "../contact/priority.ts";
import type { PauseReason, Pacer } from "../store/store.ts";
import { createTurns } from "./turns.ts";
import { createOwnWindow } from "./window.ts";

/** Leave to send one request now, with what it is to say; undefined when there was nothing to say after all. */
export interface Passage<Message> {
  readonly message: Message | undefined;
  /** A good answer to this request ends this pause. */
  readonly probe: PauseReason | undefined;
}

/** Where somebody stands among those who wait; it may become a higher one meanwhile. */
export interface Lane {
  priority: Priority;
}

export interface Gate {
  /**
   * Waits for one of the destination's slots and asks `compose` for the message as shortly before it as composing takes.
   * Undefined when `signal` ended the wait: then nothing may be sent. Rejects with what the store or `compose` threw.
   */
  pass<Message>(
    signal: AbortSignal,
    compose: () => Promise<Message | undefined>,
    lane?: Readonly<Lane>,
  ): Promise<Passage<Message> | undefined>;
  /** Holds every request of this process at once, before the store knows of the pause. */
  hold(forMs: number): void;
}

/** Waits; false when `signal` ended the wait early. */
export type Sleep = (delayMs: number, signal: AbortSignal) => Promise<boolean>;

export const sleepUnlessAborted: Sleep = async (delayMs, signal) => {
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
/** The next slots are taken this long before the last one taken is due, so that none is lost on the way to the store. */
const leadMs = 25;
/** Composing begins this long before its slot at most. */
const composeLeadMaxMs = 20;
/** So often a slot is given up because it came too late; a process that is always late must go on all the same. */
const lateSlotsMax = 3;

export interface GateOptions {
  /** Other replicas take slots of the same pacer. */
  readonly shared: boolean;
  readonly clock: () => number;
  readonly sleep?: Sleep;
}

const usual: Lane = { priority: "normal" };

/** One request that waits. `composed`: what it is to say, kept from a slot that came too late. */
interface Waiter {
  readonly signal: AbortSignal;
  readonly compose: () => Promise<unknown>;
  readonly lane: Readonly<Lane>;
  readonly settle: (passage: Passage<unknown> | undefined) => void;
  readonly fail: (error: unknown) => void;
  missed: number;
  composed: { readonly message: unknown } | undefined;
}

/** Times are those of this process. */
interface Slot {
  readonly leaveAt: number;
  /** When it is due by the store's clock, as well as this process can know. */
  readonly dueAt: number;
  readonly probe: PauseReason | undefined;
  /** A hold that came since makes it void. */
  readonly holds: number;
  /** When the store last said that there is no pause. */
  knownAt: number;
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
 * The way to the API. Slots are taken from the store's pacer several at a time, a few milliseconds ahead; of the priority
 * whose turn it is, whoever waits longest gets the next one, and composes beside the others. A pause makes void what was taken before it. This process's
 * own clock sees to it that no more than the ceiling leaves in any one second, however late its timers are. Where
 * replicas share the pacer, a slot that was missed is given up for a new one.
 */
export function createGate(pacer: Pacer, ceiling: number, options: GateOptions): Gate {
  const { shared, clock, sleep = sleepUnlessAborted } = options;
  const lateMax = lateMaxMs(ceiling);
  const own = createOwnWindow(ceiling, clock);
  const waiting: Waiter[] = [];
  const turns = createTurns();
  /** Slots that are taken and whose turn has not come. */
  let reserved = 0;
  let lastLeaveAt = 0;
  let heldUntil = 0;
  let holds = 0;
  /** The shortest way to the store and back lately: what took longer was lateness. */
  let roundTripMs = Number.POSITIVE_INFINITY;
  /** What composing has taken lately. */
  let composeMs = 0;
  let taking = false;
  let nobody = silentController();

  /** Takes slots as long as somebody waits without one. */
  async function take(): Promise<void> {
    if (taking) return;
    taking = true;
    try {
      while (waiting.length > reserved) {
        const now = clock();
        const aheadMs = Math.min(lastLeaveAt - leadMs - now, lookAgainMs);
        const delayMs = Math.max(aheadMs, Math.min(heldUntil - now, lookAgainMs), own.delayMs() - leadMs);
        if (delayMs > 0) await sleep(delayMs, nobody.signal);
        else await takeNow();
      }
    } catch (error) {
      for (const waiter of waiting.splice(0)) waiter.fail(error);
    } finally {
      taking = false;
    }
  }

  async function takeNow(): Promise<void> {
    const holdsBefore = holds;
    const askedAt = clock();
    const grant = await pacer.take(waiting.length - reserved);
    const now = clock();
    roundTripMs = Math.min(roundTripMs * 1.02 + 0.1, now - askedAt);
    if (grant.kind === "paused") {
      for (const waiter of waiting) waiter.composed = undefined;
      await sleep(Math.min(grant.waitMs, lookAgainMs), nobody.signal);
      return;
    }
    for (const waitMs of grant.waitsMs) {
      const slot: Slot = {
        leaveAt: now + waitMs,
        dueAt: askedAt + roundTripMs + waitMs,
        probe: grant.probe,
        holds: holdsBefore,
        knownAt: now,
      };
      lastLeaveAt = slot.leaveAt;
      reserved += 1;
      void use(slot);
    }
  }

  function nextWaiter(): Waiter | undefined {
    const [first] = waiting;
    const isMixed = first && waiting.some(({ lane }) => lane.priority !== first.lane.priority);
    if (!isMixed) return waiting.shift();
    const of = (priority: Priority) => waiting.findIndex(({ lane }) => lane.priority === priority);
    const turn = turns.next((priority) => of(priority) !== -1);
    return turn && waiting.splice(of(turn), 1)[0];
  }

  /** Gives the slot to whoever is next and has something to send. Never rejects. */
  async function use(slot: Slot): Promise<void> {
    let isOver = true;
    try {
      const delayMs = slot.leaveAt - clock() - composeMs;
      isOver = delayMs > 0 && !(await sleep(delayMs, nobody.signal));
    } catch (error) {
      waiting.shift()?.fail(error);
    }
    reserved -= 1;
    while (!isOver) {
      const waiter = nextWaiter();
      if (!waiter) return;
      try {
        isOver = await serve(waiter, slot);
      } catch (error) {
        waiter.fail(error);
        isOver = true;
      }
    }
    void take();
  }

  /** Whether the slot is spent. */
  async function serve(waiter: Waiter, slot: Slot): Promise<boolean> {
    const message = slot.holds === holds ? await composeFor(waiter) : undefined;
    if (slot.holds === holds && message === undefined) {
      waiter.settle({ message: undefined, probe: slot.probe });
      return false;
    }
    switch (await turn(waiter, slot)) {
      case "stopped":
        waiter.settle(undefined);
        return true;
      case "void":
        waiter.composed = undefined;
        waiting.unshift(waiter);
        return true;
      case "late":
        waiter.missed += 1;
        waiter.composed = { message };
        waiting.unshift(waiter);
        return true;
      case "left":
        waiter.settle({ message, probe: slot.probe });
        return true;
    }
  }

  async function composeFor(waiter: Waiter): Promise<unknown> {
    if (waiter.composed) return waiter.composed.message;
    const startedAt = clock();
    const message = await waiter.compose();
    composeMs = Math.min(composeLeadMaxMs, Math.max(clock() - startedAt, composeMs * 0.98));
    return message;
  }

  /** Waits until the request may leave, and counts it as left in the same breath. */
  async function turn(waiter: Waiter, slot: Slot): Promise<"left" | "late" | "void" | "stopped"> {
    for (;;) {
      if (waiter.signal.aborted) return "stopped";
      if (slot.holds !== holds) return "void";
      const now = clock();
      const delayMs = Math.max(slot.leaveAt - now, own.delayMs());
      if (delayMs > 0) {
        if (!(await sleep(delayMs, waiter.signal))) return "stopped";
      } else if (shared && slot.probe === undefined && now - slot.knownAt > askAgainMs) {
        if ((await pacer.state()).reason !== undefined) return "void";
        slot.knownAt = clock();
      } else {
        const isLate = shared && slot.probe === undefined && now - slot.dueAt > lateMax;
        if (isLate && waiter.missed < lateSlotsMax) return "late";
        own.left();
        return "left";
      }
    }
  }

  function leave(waiter: Waiter): void {
    const place = waiting.indexOf(waiter);
    if (place === -1) return;
    waiting.splice(place, 1);
    waiter.settle(undefined);
    if (waiting.length > 0) return;
    nobody.abort();
    nobody = silentController();
  }

  return {
    async pass<Message>(
      signal: AbortSignal,
      compose: () => Promise<Message | undefined>,
      lane: Readonly<Lane> = usual,
    ) {
      if (signal.aborted) return undefined;
      const passage = new Promise<Passage<unknown> | undefined>((resolve, reject) => {
        const waiter = {
          signal,
          compose,
          lane,
          settle: resolve,
          fail: reject,
          missed: 0,
          composed: undefined,
        };
        const onAbort = () => leave(waiter);
        signal.addEventListener("abort", onAbort, { once: true });
        const forget = () => signal.removeEventListener("abort", onAbort);
        waiter.settle = (value) => (forget(), resolve(value));
        waiter.fail = (error) => (forget(), reject(error));
        waiting.push(waiter);
      });
      void take();
      return (await passage) as Passage<Message> | undefined;
    },
    hold(forMs) {
      heldUntil = Math.max(heldUntil, clock() + forMs);
      holds += 1;
      lastLeaveAt = 0;
    },
  };
}

/** Many waits may hang on it. */
function silentController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
