import { setTimeout as timeout } from "node:timers/promises";
import type { Lookup, LookupAnswer } from "../providers/provider.ts";

export type LookupGet = Lookup["get"];

export interface LookupOptions {
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
    try {
      const signal = AbortSignal.timeout(options.timeoutMs);
      const response = await fetch(url, { headers: { ...headers }, redirect: "manual", signal });
      const text = await bounded(response, options.bytesMax);
      if (text === undefined) {
        return { kind: "too-large", message: `an answer of more than ${options.bytesMax} bytes` };
      }
      return { kind: "answer", status: response.status, headers: Object.fromEntries(response.headers), text };
    } catch (error) {
      return { kind: "unreachable", message: causeOf(error) };
    }
  }

  return async (url, headers) => {
    const mine = line.then(turn);
    line = mine.catch(() => undefined);
    await mine;
    return await get(url, headers);
  };
}

async function bounded(response: Response, bytesMax: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const bytes: Uint8Array = chunk;
    size += bytes.length;
    // Leaving the loop cancels the rest.
    if (size > bytesMax) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A code where there is one: messages of failed requests may hold the address. */
function causeOf(error: unknown): string {
  const causes = [error instanceof Error ? error.cause : undefined, error];
  for (const cause of causes) {
    const code: unknown =
      typeof cause === "object" && cause !== null ? Reflect.get(cause, "code") : undefined;
    if (typeof code === "string") return code;
  }
  return error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : "the request failed";
}
