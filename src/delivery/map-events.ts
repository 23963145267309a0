import type { RelayEvent } from "../contact/event.ts";
import { traceOf } from "../contact/trace-context.ts";
import type { Source } from "../sources/source.ts";
import { failureText, type Claimed, type Conclusion } from "../store/event-log.ts";
import type { Store } from "../store/store.ts";
import type { Span, Tracing } from "../telemetry/tracing.ts";
import type { Complete } from "./completion.ts";
import { eraseFor, planEvent, type MapOutcome } from "./map-event.ts";

export interface MapEventsOptions {
  readonly store: { readonly events: Pick<Store["events"], "erase">; readonly erase: Store["erase"] };
  readonly sources: ReadonlyMap<string, Source>;
  readonly complete: Complete;
  /** An event that could not be completed for so long is kept for a person. */
  readonly maxAgeMs: number;
  /** The delay after a passing error, by how often the event was claimed. */
  readonly passingDelayMs: (attempts: number) => number;
  readonly clock: () => number;
  readonly tracing: Tracing;
  readonly report: (event: RelayEvent, outcome: MapOutcome) => void;
  /** Told of an error that is none of the event's. */
  readonly onError: (error: unknown) => void;
  readonly stopping: AbortSignal;
}

/** Writes conclusions and wakes whom they concern. */
export type Conclude = (conclusions: readonly Conclusion[]) => Promise<void>;

export interface MapEvents {
  /** Whether what the event points at has to be fetched first: that takes its time, and nobody else's. */
  isThin(claimed: Claimed): boolean;
  /** Maps a batch in its order and concludes it. Never rejects for what an event is. */
  batch(claimed: readonly Claimed[], conclude: Conclude): Promise<void>;
}

const yieldEveryMs = 8;

export function createMapEvents(options: MapEventsOptions): MapEvents {
  const { store, sources, clock, report } = options;

  function passing(claimed: Claimed, error: unknown): Conclusion {
    options.onError(error);
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "delayed", claimed, reason, delayMs: options.passingDelayMs(claimed.attempts) };
  }

  /** What is to be concluded; `before` first settles what came before an erasure, which must not outlive it. */
  async function conclusionOf(claimed: Claimed, before: () => Promise<void>): Promise<Conclusion> {
    const { event } = claimed;
    const span = options.tracing.start("map", {
      parent: traceOf(event.attributes),
      attributes: named(event),
    });
    return await span.run(() => concludeWithin(span, claimed, before));
  }

  async function concludeWithin(
    span: Span,
    claimed: Claimed,
    before: () => Promise<void>,
  ): Promise<Conclusion> {
    const { event } = claimed;
    try {
      const plan = await planEvent(event, sources, options.complete, span.context);
      if (plan.kind === "erase") await before();
      const outcome =
        plan.kind === "erase" ? await eraseFor(event, plan, store) : inTime(event, plan.outcome);
      report(event, outcome);
      span.set({ "relay.outcome": outcome.outcome });
      span.end(outcome.outcome === "failed" ? outcome.reason : undefined);
      return concluded(claimed, outcome);
    } catch (error) {
      span.end("error");
      return passing(claimed, error);
    }
  }

  /** What was put off for too long is not put off again. */
  function inTime(event: RelayEvent, outcome: MapOutcome): MapOutcome {
    if (outcome.outcome !== "later" || outcome.because === "turn") return outcome;
    const ageMs = clock() - (event.retriedAt ?? event.receivedAt);
    return ageMs <= options.maxAgeMs
      ? outcome
      : { outcome: "failed", reason: "unmappable", message: outcome.message };
  }

  function concluded(claimed: Claimed, outcome: MapOutcome): Conclusion {
    switch (outcome.outcome) {
      case "failed": {
        const { reason: why, message, erased } = outcome;
        const reason = failureText(why, message);
        return { kind: "failed", claimed, reason, ...(erased ? { erased } : {}) };
      }
      case "later": {
        const { message: reason, delayMs } = outcome;
        return { kind: "delayed", claimed, reason, delayMs };
      }
      case "ignored":
      case "erased":
      case "mapped":
        return { kind: "completed", claimed, result: outcome };
    }
  }

  return {
    isThin({ event }) {
      const source = sources.get(event.source);
      return source?.completion !== undefined && source.provider.complete !== undefined;
    },
    async batch(claimed, conclude) {
      let ready: Conclusion[] = [];
      const settle = async () => {
        const now = ready;
        ready = [];
        await conclude(now);
      };
      let turnStartedAt = performance.now();
      for (const one of claimed) {
        if (options.stopping.aborted) {
          ready.push({ kind: "released", claimed: one });
          continue;
        }
        const conclusion = await conclusionOf(one, settle);
        ready.push(conclusion);
        if (performance.now() - turnStartedAt > yieldEveryMs) {
          await new Promise((resolve) => setImmediate(resolve));
          turnStartedAt = performance.now();
        }
      }
      await settle();
    },
  };
}

function named({ id, source, provider, type, replay }: RelayEvent) {
  return {
    "relay.event.id": id,
    "relay.source": source,
    "relay.provider": provider,
    "relay.event.type": type,
    "relay.replay": replay,
  };
}
