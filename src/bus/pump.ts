import { setTimeout as sleep } from "node:timers/promises";
import type { Backlog, Broker, BusConsumer, BusMessage } from "./consumer.ts";

/** What became of a batch in the store. */
export interface Stored {
  readonly stored: number;
  readonly duplicates: number;
  /** Kept for a person, because they can never be read. */
  readonly unreadable: number;
}

export interface PumpOptions {
  readonly broker: Broker;
  /** Stores what the messages tell, durably and all of it, or rejects. A repetition is recognized. */
  readonly store: (messages: readonly BusMessage[]) => Promise<Stored>;
  /** Why the store takes nothing at present; undefined where it does. */
  readonly refusal: () => Promise<string | undefined>;
  readonly observer: PumpObserver;
  readonly clock: () => number;
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

export interface PumpObserver {
  fetched(count: number): void;
  stored(stored: Stored): void;
  /** Removed by their owner before anybody had read them. */
  lost(count: number): void;
  /** How the bus is set up can lose messages or hold them up; told once. */
  warned(what: string): void;
  /** The broker is away, for this reason; told once until it is back. */
  away(reason: string): void;
  back(): void;
}

export interface PumpState {
  readonly state: "up" | "away" | "waiting";
  readonly place: string;
  /** Why it is away, or why nothing is fetched. */
  readonly message?: string;
  readonly lag: number | null;
  readonly pending: number | null;
}

export interface Pump {
  state(): PumpState;
  /** Fetches nothing more, finishes what is being stored, gives back the rest. */
  close(): Promise<void>;
}

const batchMax = 200;
const retryFirstMs = 200;
const retryMaxMs = 5_000;
/** So long a fetched batch waits for a store that is away, before others are given it. */
const holdMs = 10_000;
/** And so long others are not given it either: their store is the same. */
const giveBackDelayMs = 5_000;
const lookEveryMs = 5_000;

/** Brings what a broker holds to the store, batch by batch, for as long as it is not closed. */
export function startPump(options: PumpOptions): Pump {
  const { broker, observer, clock } = options;
  const { wait = waitReally } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let consumer: BusConsumer | undefined;
  let backlog: Backlog = { lag: null, pending: null };
  let lookedAt = Number.NEGATIVE_INFINITY;
  let away: string | undefined = "it has not answered yet";
  let isToldAway = false;
  let refused: string | undefined;
  const warnings = new Set<string>();
  /** What comes next, fetched while what came before is stored. */
  let ahead: Promise<readonly BusMessage[]> | undefined;

  function warned(what: string): void {
    if (!warnings.has(what)) observer.warned(what);
    warnings.add(what);
  }

  function lost(error: unknown): void {
    away = error instanceof Error ? error.message : String(error);
    backlog = { lag: null, pending: null };
    if (!isToldAway) observer.away(away);
    isToldAway = true;
  }

  function found(): void {
    if (isToldAway) observer.back();
    isToldAway = false;
  }

  async function connected(): Promise<BusConsumer> {
    consumer ??= await broker.open({ lost: (count) => observer.lost(count), warned });
    return consumer;
  }

  /** Waits while the store takes nothing: what is not fetched is safe where it is. */
  async function untilWelcome(source: BusConsumer): Promise<boolean> {
    for (let delayMs = retryFirstMs; !signal.aborted; delayMs = Math.min(2 * delayMs, retryMaxMs)) {
      refused = await options.refusal();
      if (refused === undefined) return true;
      await dropAhead(source);
      await wait(delayMs, signal);
    }
    return false;
  }

  /** True once they are stored; false when the store did not take them in time. */
  async function insist(source: BusConsumer, messages: readonly BusMessage[]): Promise<boolean> {
    const until = clock() + holdMs;
    for (let delayMs = retryFirstMs; ; delayMs = Math.min(2 * delayMs, retryMaxMs)) {
      try {
        observer.stored(await options.store(messages));
        refused = undefined;
        return true;
      } catch (error) {
        refused = error instanceof Error ? error.message : String(error);
        if (signal.aborted || clock() + delayMs > until) return false;
        await source.keep?.(messages);
        await wait(delayMs, signal);
      }
    }
  }

  /** While there is more to come than one batch, the next is under way already. */
  async function next(source: BusConsumer): Promise<readonly BusMessage[]> {
    const fetching = ahead ?? source.fetch(batchMax);
    ahead = undefined;
    const messages = await fetching;
    if (messages.length === batchMax && !signal.aborted) {
      ahead = source.fetch(batchMax);
      // Whoever takes it up is told.
      ahead.catch(() => undefined);
    }
    return messages;
  }

  async function giveBack(source: BusConsumer, messages: readonly BusMessage[]): Promise<void> {
    if (messages.length > 0) await source.giveBack(messages, signal.aborted ? undefined : giveBackDelayMs);
  }

  async function dropAhead(source: BusConsumer): Promise<void> {
    const fetching = ahead;
    ahead = undefined;
    if (fetching) await giveBack(source, await fetching);
  }

  async function look(source: BusConsumer): Promise<void> {
    if (clock() - lookedAt < lookEveryMs) return;
    lookedAt = clock();
    backlog = await source.backlog();
  }

  async function turn(): Promise<void> {
    const source = await connected();
    await look(source);
    away = undefined;
    if (!(await untilWelcome(source))) return;
    const messages = await next(source);
    // One that lets itself be connected to and refuses to be read is not back.
    found();
    if (messages.length === 0) return;
    observer.fetched(messages.length);
    if (await insist(source, messages)) {
      await source.acknowledge(messages);
    } else {
      await giveBack(source, messages);
      await dropAhead(source);
    }
  }

  async function run(): Promise<void> {
    let delayMs = retryFirstMs;
    while (!signal.aborted) {
      try {
        await turn();
        delayMs = retryFirstMs;
      } catch (error) {
        lost(error);
        // What the connection was given goes to others with its end.
        ahead = undefined;
        await consumer?.close().catch(() => undefined);
        consumer = undefined;
        await wait(delayMs, signal);
        delayMs = Math.min(2 * delayMs, retryMaxMs);
      }
    }
    if (consumer) await dropAhead(consumer).catch(() => undefined);
    await consumer?.close().catch(() => undefined);
  }

  const running = run();
  return {
    state() {
      const message = away ?? refused;
      return {
        state: away !== undefined ? "away" : refused !== undefined ? "waiting" : "up",
        place: broker.place,
        ...(message === undefined ? {} : { message }),
        ...backlog,
      };
    },
    async close() {
      stopping.abort();
      await running;
    },
  };
}

async function waitReally(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
