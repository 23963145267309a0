import type { ClaimedReplay, ReplayProgress, SkipReason } from "../../store/replays.ts";
import type { Store } from "../../store/store.ts";
import { createOutstanding } from "./outstanding.ts";

export interface ReplayStore {
  readonly events: Pick<Store["events"], "list" | "find" | "replay">;
  readonly mailbox: Pick<Store["mailbox"], "read">;
  readonly pacer: Pick<Store["pacer"], "state">;
  readonly replays: Pick<Store["replays"], "save" | "end" | "release">;
}

export type ReplayOutcome = "replayed" | "skipped" | "failed";

export interface RunReplayOptions {
  readonly store: ReplayStore;
  readonly clock: () => number;
  /** Returns early when the process is asked to stop. */
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly stopping: Pick<AbortSignal, "aborted">;
  readonly counted: (outcome: ReplayOutcome, count: number) => void;
  /** What the store has thrown, one time after the other; true when there is no use in trying again. */
  readonly isHopeless: (error: unknown, tries: number) => Promise<boolean>;
}

/** How a run of a replay ended; `given up`: it is somebody else's now, was stopped, or this process stops. */
export type RunEnd = {
  readonly kind: "done" | "failed" | "given up";
  readonly progress: ReplayProgress;
  readonly message?: string;
};

export const replayLeaseMs = 10_000;
/** So much of its share may wait at any time. */
const windowMs = 5_000;
const emptyPageMs = 50;
const tickMs = 250;
const keepEveryMs = 2_000;
const lookEveryMs = 500;
const pageSize = 200;
/** Over so much time the rate is measured. */
const measuredMs = 30_000;
const retryFirstMs = 500;
const retryMaxMs = 5_000;

/**
 * Carries out a replay: lists what matches, newest first, and sets it waiting at its pace. What is set waiting next is
 * written down before, with the run that each event has, and replayed only from that run: whoever takes over after a crash
 * finds out which of them had been, and none is replayed twice.
 */
export async function runReplay(claimed: ClaimedReplay, options: RunReplayOptions): Promise<RunEnd> {
  const { store, clock, sleep, stopping, counted } = options;
  const { filter, share } = claimed.replay;
  const outstanding = createOutstanding(store, clock);
  const pace = createShare(store.pacer, share, clock);
  const meter = createMeter(clock);
  let progress = claimed.replay.progress;
  let savedAt = Number.NEGATIVE_INFINITY;
  let lookedAt = clock();

  async function save(): Promise<boolean> {
    const given = { ...progress, rate: meter.rate() };
    const isHeld = await store.replays.save(claimed, given, replayLeaseMs);
    savedAt = clock();
    return isHeld;
  }

  /** By acceptance, in which no replay changes anything; whether an event is in the state asked for is seen here. */
  async function listMore(): Promise<void> {
    const { state, ...rest } = filter;
    const page = await store.events.list(rest, pageSize, progress.cursor);
    const matching = page.items.filter((item) => state === undefined || item.state === state);
    progress = {
      ...progress,
      batch: matching.map(({ id, replay }) => [id, replay] as const),
      listed: page.next === undefined,
      ...(page.next === undefined ? {} : { cursor: page.next }),
    };
  }

  async function replayOne(id: string, run: number): Promise<"replayed" | SkipReason> {
    if (await store.events.replay(id, "low", run)) return "replayed";
    const record = await store.events.find(id);
    if (!record) return "not-found";
    if (record.event.withdrawn) return "gone";
    return record.event.replay > run ? "replayed" : "not-finished";
  }

  async function setWaiting(count: number): Promise<void> {
    for (const [id, run] of progress.batch.slice(0, count)) {
      const outcome = await replayOne(id, run);
      const batch = progress.batch.slice(1);
      if (outcome === "replayed") {
        outstanding.add([id]);
        meter.count();
        counted("replayed", 1);
        progress = { ...progress, batch, replayed: progress.replayed + 1 };
      } else {
        counted("skipped", 1);
        const skipped = { ...progress.skipped, [outcome]: (progress.skipped[outcome] ?? 0) + 1 };
        progress = { ...progress, batch, skipped };
      }
    }
  }

  async function look(): Promise<void> {
    lookedAt = clock();
    const failed = await outstanding.look();
    if (failed === 0) return;
    counted("failed", failed);
    progress = { ...progress, failed: progress.failed + failed };
  }

  /** One turn; answers how the run has ended, where it has. */
  async function step(): Promise<RunEnd["kind"] | undefined> {
    if (outstanding.count() > 0 && clock() - lookedAt >= lookEveryMs) await look();
    await pace.ask();
    if (progress.batch.length === 0 && !progress.listed) {
      await listMore();
      if (!(await save())) return "given up";
      // Where little fits, much is looked through: whatever else the store is asked for goes between.
      if (progress.batch.length === 0) await sleep(emptyPageMs);
      return undefined;
    }
    if (progress.batch.length === 0 && outstanding.count() === 0) {
      const given = { ...progress, rate: meter.rate() };
      return (await store.replays.end(claimed, "done", given)) ? "done" : "given up";
    }
    const room = Math.max(0, pace.windowSize() - outstanding.count());
    const count = Math.min(pace.due(), room, progress.batch.length);
    const isDue = count > 0 || clock() - savedAt >= keepEveryMs;
    // Before anything is set waiting: it may have been stopped, or be somebody else's.
    if (isDue && !(await save())) return "given up";
    if (count > 0) {
      pace.took(count);
      await setWaiting(count);
    }
    if (progress.batch.length > 0 || progress.listed) await sleep(tickMs);
    return undefined;
  }

  for (let tries = 0; !stopping.aborted;) {
    try {
      const kind = await step();
      tries = 0;
      if (kind !== undefined) return { kind, progress };
    } catch (error) {
      tries += 1;
      if (await options.isHopeless(error, tries)) {
        const message = error instanceof Error ? error.message : String(error);
        const ended = await store.replays.end(claimed, "failed", progress, message).catch(() => false);
        return { kind: ended ? "failed" : "given up", progress, message };
      }
      await sleep(Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(tries - 1, 10)));
    }
  }
  await leave();
  return { kind: "given up", progress };

  /** The next one begins where this one ends. */
  async function leave(): Promise<void> {
    try {
      if (await save()) await store.replays.release(claimed);
    } catch {
      // Then it waits until the lease is over.
    }
  }
}

/** The share of the rate at which the destination is delivered to now; nothing while that is paused. */
function createShare(pacer: Pick<Store["pacer"], "state">, share: number, clock: () => number) {
  const askEveryMs = 1_000;
  let perSecond = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  let nextAt = clock();
  return {
    async ask() {
      if (clock() - askedAt < askEveryMs) return;
      const { rate, pausedForMs } = await pacer.state();
      askedAt = clock();
      perSecond = pausedForMs > 0 ? 0 : rate * share;
    },
    windowSize: () => Math.max(1, Math.ceil((perSecond * windowMs) / 1_000)),
    /** How many may be set waiting now. What was missed is not made up for. */
    due() {
      if (perSecond === 0) return 0;
      nextAt = Math.max(nextAt, clock() - tickMs);
      return Math.max(0, Math.floor(((clock() - nextAt) * perSecond) / 1_000) + 1);
    },
    took(count: number) {
      nextAt += (count * 1_000) / perSecond;
    },
  };
}

/** Events per second, over the last while. */
function createMeter(clock: () => number) {
  const beganAt = clock();
  let times: number[] = [];
  return {
    count() {
      times.push(clock());
    },
    rate() {
      const from = clock() - measuredMs;
      times = times.filter((time) => time > from);
      const seconds = Math.max(1_000, Math.min(measuredMs, clock() - beganAt)) / 1_000;
      return Math.round((times.length / seconds) * 1_000) / 1_000;
    },
  };
}
