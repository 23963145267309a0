import type { StoreOptions } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { askMemory } from "./info.ts";

const askEveryMs = 1_000;
/** The rest is for the workers, which have to write in order to drain the queues. */
const usableShare = 0.9;
/** More than an accepted event takes (measured: 1.9 KB and its payload), for what mapping adds to it. */
const bytesPerByte = 2.2;
const bytesPerEvent = 2_000;

/** Why no event is taken with so much memory in use; undefined where there is room. */
export function fullText(usedBytes: number, maxBytes: number): string | undefined {
  if (maxBytes === 0 || usedBytes < maxBytes * usableShare) return undefined;
  const percent = Math.floor((100 * usedBytes) / maxBytes);
  return `Redis has used ${percent} % of its maxmemory: new events are refused, so that those that wait can be delivered`;
}

export interface RedisGuard {
  /** Counts events against the memory that is left; undefined, or why they cannot be taken. */
  admit(events: readonly { readonly payload: string }[]): string | undefined;
  /** Why no event can be taken at present. */
  refuses(): string | undefined;
  start(): Promise<void>;
  stop(): void;
}

/**
 * Redis with a full memory refuses its workers' writes as well, so that nothing could ever drain it: new events are
 * refused before. Looking every second also shows a server that came back without its data.
 *
 * @param markKey a key that is set once and goes only with all others
 */
export function createGuard(client: RedisClient, markKey: string, options: StoreOptions): RedisGuard {
  let usedBytes = 0;
  let maxBytes = 0;
  /** Taken since the last look. */
  let spentBytes = 0;
  let marked = false;
  let looking = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const { info, keyExists } = await askMemory(client, markKey);
    usedBytes = Number(info.get("used_memory") ?? 0);
    maxBytes = Number(info.get("maxmemory") ?? 0);
    spentBytes = 0;
    if (keyExists) marked = true;
    else await mark();
  }

  async function mark(): Promise<void> {
    if (marked) {
      marked = false;
      const lost =
        "Redis came back without the relay's data (restarted without persistence, or flushed): " +
        "what had been accepted and not yet delivered is lost";
      options.onNote?.({ level: "error", message: lost });
    }
    await client.set(markKey, "1");
    marked = true;
  }

  const refuses = () => fullText(usedBytes + spentBytes, maxBytes);

  return {
    refuses,
    admit(events) {
      const refusal = refuses();
      if (refusal !== undefined) return refusal;
      for (const { payload } of events) spentBytes += bytesPerEvent + bytesPerByte * payload.length;
      return undefined;
    },
    async start() {
      // A full memory refuses the mark; the next look tries again. Everything else is learned before that.
      await look().catch(() => undefined);
      timer = setInterval(() => {
        if (looking) return;
        looking = true;
        // Its absence is noticed by everyone who needs the store.
        void look()
          .catch(() => undefined)
          .finally(() => {
            looking = false;
          });
      }, askEveryMs);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
}
