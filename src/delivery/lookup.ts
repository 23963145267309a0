import { setTimeout as timeout } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { boundedText, exchange } from "../outbound/exchange.ts";
import { failureOf } from "../outbound/failure.ts";
import type { Lookup, LookupAnswer } from "../providers/provider.ts";

export type LookupGet = Lookup["get"];

export interface LookupOptions {
  readonly connections: Dispatcher;
  /** Requests per second of this process, for all senders' APIs together. */
  readonly ratePerSecond: number;
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly clock: () => number;
  readonly sleep?: (delayMs: number) => Promise<unknown>;
}

/** Fetches what thin events only point at: one after the other at a steady pace, bounded in time and size. Never rejects. */
export function createLookup(options: LookupOptions): LookupGet {
  const { clock, sleep = (delayMs) => timeout(delayMs) } = options;
  const slotMs = 1_000 / options.ratePerSecond;
  let line: Promise<unknown> = Promise.resolve();
  let dueAt = 0;

  async function turn(): Promise<void> {
    const waitMs = Math.min(dueAt - clock(), slotMs);
    if (waitMs > 0) await sleep(waitMs);
    dueAt = Math.max(clock(), dueAt) + slotMs;
  }

  async function get(url: URL, headers: Readonly<Record<string, string>>): Promise<LookupAnswer> {
    const signal = AbortSignal.timeout(options.timeoutMs);
    try {
      const answer = await exchange(options.connections, { method: "GET", url, headers }, signal);
      const text = await boundedText(answer.body, options.bytesMax);
      if (text === undefined) {
        return { kind: "too-large", message: `an answer of more than ${options.bytesMax} bytes` };
      }
      return { kind: "answer", status: answer.status, headers: answer.headers, text };
    } catch (error) {
      return {
        kind: "unreachable",
        message: signal.aborted ? "no answer in time" : failureOf(error).message,
      };
    }
  }

  return async (url, headers) => {
    const mine = line.then(turn);
    line = mine.catch(() => undefined);
    await mine;
    return await get(url, headers);
  };
}
