import { setTimeout as sleep } from "node:timers/promises";
import type { ContactUpdate } from "../contact/event.ts";
import { usualLeaseMs, type Claimed, type Conclusion } from "../store/event-log.ts";
import type { Store } from "../store/store.ts";
import { wakesFor } from "../store/wakes.ts";
import type { Conclude, MapEvents } from "./map-events.ts";

export interface MapperOptions {
  readonly store: Pick<Store, "events" | "wakeAll" | "health">;
  readonly map: MapEvents;
  /** Batches that are worked on at once. */
  readonly batches: number;
  /** Events of one batch at most. */
  readonly batchMax: number;
  /** Told of what now waits in the mailboxes. */
  readonly posted?: (updates: readonly ContactUpdate[]) => void;
  readonly onError: (error: unknown, where: "claim" | "conclude" | "wake" | "extend") => void;
  /** Told when a batch begins and ends. */
  readonly began: () => void;
  readonly ended: () => void;
  readonly stopping: AbortSignal;
}

export interface Mapper {
  /** Resolves once nothing is worked on any more; call it after `stopping`. */
  close(): Promise<void>;
}

const retryFirstMs = 100;
const retryMaxMs = 2_000;
/** After a claim's lease it is somebody else's, so there is no use in going on for long. */
const concludeTriesMax = 10;
/** What is refused together more often than that is tried one by one. */
const togetherTriesMax = 2;
/** So often a conclusion that is refused by itself is tried before its event is kept as failed. */
const refusedTriesMax = 3;
const lookEveryMs = 500;

/** Takes events from the log, batch by batch, for as long as it is not stopped. */
export function startMapper(options: MapperOptions): Mapper {
  const { store, map, stopping, onError } = options;
  const { events } = store;
  const held = new Set<Claimed>();
  const apart = new Set<Promise<void>>();
  const extending = setInterval(() => {
    events.extend([...held]).catch((error: unknown) => onError(error, "extend"));
  }, usualLeaseMs / 4);

  /** Repeats what the store refuses; false when it never took it. */
  async function insist(
    work: () => Promise<void>,
    triesMax: number,
    where: "conclude" | "wake",
  ): Promise<boolean> {
    for (let tries = 1, delayMs = retryFirstMs; ; tries += 1, delayMs = Math.min(2 * delayMs, retryMaxMs)) {
      try {
        await work();
        return true;
      } catch (error) {
        onError(error, where);
        if (tries >= triesMax || stopping.aborted) return false;
        await sleep(delayMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
  }

  const conclude: Conclude = async (conclusions) => {
    if (conclusions.length === 0) return;
    const isBatch = conclusions.length > 1;
    const concluded = isBatch && (await insist(() => write(conclusions), togetherTriesMax, "conclude"));
    if (!concluded) for (const one of conclusions) await concludeAlone(one);
    for (const { claimed } of conclusions) held.delete(claimed);
  };

  /** One that the store refuses for itself is kept as failed: it would be mapped and refused for ever. */
  async function concludeAlone(conclusion: Conclusion): Promise<void> {
    let refusals = 0;
    const one = async () => {
      try {
        await write([conclusion]);
      } catch (error) {
        refusals += (await store.health(1_000)).ok ? 1 : 0;
        if (refusals < refusedTriesMax) throw error;
        const reason = "what it was mapped to could not be stored";
        await write([{ kind: "failed", claimed: conclusion.claimed, reason }]);
      }
    };
    await insist(one, concludeTriesMax, "conclude");
  }

  async function write(conclusions: readonly Conclusion[]): Promise<void> {
    const known = new Map((await events.conclude(conclusions)).map((wake) => [wake.contact, wake]));
    // Not by its answer alone: that may be lost on its way and the call made twice, and the second time it names nobody.
    const wakes = wakesFor(conclusions.flatMap(updatesOf)).map((wake) => known.get(wake.contact) ?? wake);
    // Whoever is not woken is found by the sweep.
    await insist(() => store.wakeAll(wakes), concludeTriesMax, "wake");
    options.posted?.(conclusions.flatMap(updatesOf));
  }

  async function work(claimed: readonly Claimed[]): Promise<void> {
    for (const one of claimed) held.add(one);
    const whole: Claimed[] = [];
    for (const one of claimed) {
      if (!map.isThin(one)) {
        whole.push(one);
        continue;
      }
      const run = map.batch([one], conclude).finally(() => apart.delete(run));
      apart.add(run);
    }
    await map.batch(whole, conclude);
  }

  async function loop(): Promise<void> {
    let delayMs = retryFirstMs;
    while (!stopping.aborted) {
      try {
        const claimed = await events.claim(options.batchMax);
        if (claimed.length === 0) {
          await events.arrival();
          continue;
        }
        options.began();
        try {
          await work(claimed);
        } finally {
          options.ended();
        }
        delayMs = retryFirstMs;
      } catch (error) {
        onError(error, "claim");
        await sleep(delayMs, undefined, { signal: stopping }).catch(() => undefined);
        delayMs = Math.min(2 * delayMs, retryMaxMs);
      }
    }
  }

  const loops = Array.from({ length: options.batches }, loop);

  /** What is being worked on is waited for; a store that is away is not, when nothing would be finished by that. */
  async function untilEnded(): Promise<void> {
    const progress = { ended: false };
    const ending = Promise.all(loops)
      .then(() => Promise.all(apart))
      .finally(() => {
        progress.ended = true;
      });
    for (;;) {
      await Promise.race([ending, sleep(lookEveryMs, undefined, { ref: false })]);
      if (progress.ended || (held.size === 0 && !(await store.health(lookEveryMs)).ok)) return;
    }
  }

  return {
    async close() {
      await untilEnded();
      clearInterval(extending);
    },
  };
}

function updatesOf(conclusion: Conclusion): readonly ContactUpdate[] {
  if (conclusion.kind !== "completed" || conclusion.result.outcome !== "mapped") return [];
  return conclusion.result.updates;
}
