import { delayBucket, numberName, numbersKeptMinutes, type MinuteCount } from "../store/numbers.ts";
import type { Store } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export interface NumbersOptions {
  readonly store: Pick<Store, "numbers">;
  /** The configured sources: of no others anything is counted by name. */
  readonly sources: { has(name: string): boolean };
  readonly clock: () => number;
  readonly onError: (error: unknown) => void;
  readonly writeEveryMs?: number;
}

/** What this process has counted and not written yet. */
export interface Counting {
  /** The same metrics; what they are told is counted here too. */
  counted(metrics: Metrics): Metrics;
  event(source: string, outcome: string): void;
  /** Writes what there is, and nothing by itself any more. */
  close(): Promise<void>;
}

const usualWriteEveryMs = 5_000;

/**
 * Counts minute by minute, and adds that to what all processes have counted, in one write every few seconds. A write that
 * fails is made again; one whose answer was lost may so be counted twice.
 */
export function startCounting(options: NumbersOptions): Counting {
  const { store, sources, clock } = options;
  let pending = new Map<number, Map<string, number>>();
  let writing: Promise<void> | undefined;

  function add(minute: number, name: string, count: number): void {
    const names = pending.get(minute) ?? new Map<string, number>();
    pending.set(minute, names);
    names.set(name, (names.get(name) ?? 0) + count);
  }
  const count = (name: string, by = 1) => add(Math.floor(clock() / 60_000), name, by);
  const known = (source: string) => (sources.has(source) ? source : "");

  async function write(): Promise<void> {
    const counts: MinuteCount[] = [...pending].flatMap(([minute, names]) =>
      [...names].map(([name, by]) => ({ minute, name, count: by })),
    );
    if (counts.length === 0) return;
    pending = new Map();
    try {
      await store.numbers.add(counts);
    } catch (error) {
      const oldest = Math.floor(clock() / 60_000) - numbersKeptMinutes;
      for (const { minute, name, count: by } of counts) if (minute > oldest) add(minute, name, by);
      options.onError(error);
    }
  }

  function keepWritten(): Promise<void> {
    writing ??= write().finally(() => {
      writing = undefined;
    });
    return writing;
  }
  const timer = setInterval(() => void keepWritten(), options.writeEveryMs ?? usualWriteEveryMs).unref();

  function event(source: string, outcome: string): void {
    if (outcome !== "unknown-source") count(numberName("event", outcome, known(source)));
  }

  return {
    event,
    counted: (metrics) => ({
      ...metrics,
      event(source, outcome) {
        metrics.event(source, outcome);
        event(source, outcome);
      },
      mapped(source, outcome) {
        metrics.mapped(source, outcome);
        count(numberName("mapping", outcome, known(source)));
      },
      parked(reason) {
        metrics.parked(reason);
        count(numberName("parked"));
      },
      request(status, result, seconds) {
        metrics.request(status, result, seconds);
        count(numberName("request", classOf(status, result)));
      },
      acceptedToDelivered(seconds) {
        metrics.acceptedToDelivered(seconds);
        count(numberName("delivered"));
        count(numberName("delay"), Math.round(seconds * 1_000));
        count(numberName("within", String(delayBucket(seconds))));
      },
    }),
    async close() {
      clearInterval(timer);
      await writing;
      await keepWritten();
    },
  };
}

/** Answers of the API by what an operator does about them. */
function classOf(status: string, result: string): string {
  if (status === "200") return result === "ok" ? "200" : "other";
  if (status === "401" || status === "403") return "401/403";
  if (status === "400" || status === "422") return "400";
  if (/^5\d\d$/.test(status)) return "5xx";
  if (status === "network" || status === "timeout") return "network";
  return ["404", "429", "449"].includes(status) ? status : "other";
}
