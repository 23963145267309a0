import type { ClaimedReplay } from "../../store/replays.ts";
import type { Store } from "../../store/store.ts";
import { replayLeaseMs, runReplay, type ReplayStore, type RunEnd, type RunReplayOptions } from "./run.ts";

export interface ReplayRunnerOptions extends Pick<
  RunReplayOptions,
  "clock" | "sleep" | "stopping" | "counted"
> {
  readonly store: ReplayStore & {
    readonly replays: Pick<Store["replays"], "claim">;
    readonly health: Store["health"];
  };
  readonly began: (claimed: ClaimedReplay) => void;
  readonly ended: (claimed: ClaimedReplay, end: RunEnd) => void;
  readonly onError: (error: unknown) => void;
}

export interface ReplayRunner {
  /** How many this process carries out. */
  running(): number;
  /** Resolves once nothing is set waiting any more; call it after `stopping`. */
  close(): Promise<void>;
}

const claimEveryMs = 1_000;
/** Side by side, each at its own share; the others have their turn when one of these is over. */
const atOnceMax = 4;
/** A store that answers and goes on to refuse so often will go on to. */
const triesMax = 20;
const healthDeadlineMs = 1_000;

/** Carries out the replays of one workspace, together with the other processes that deliver to it. */
export function startReplayRunner(options: ReplayRunnerOptions): ReplayRunner {
  const { store, sleep, stopping, onError } = options;
  const active = new Set<Promise<void>>();

  async function isHopeless(error: unknown, tries: number): Promise<boolean> {
    onError(error);
    return tries >= triesMax && (await store.health(healthDeadlineMs)).ok;
  }

  async function carryOut(claimed: ClaimedReplay): Promise<void> {
    options.began(claimed);
    options.ended(claimed, await runReplay(claimed, { ...options, isHopeless }));
  }

  async function claimMore(): Promise<boolean> {
    if (active.size >= atOnceMax) return false;
    const claimed = await store.replays.claim(replayLeaseMs);
    if (!claimed) return false;
    const run = carryOut(claimed)
      .catch(onError)
      .finally(() => active.delete(run));
    active.add(run);
    return true;
  }

  async function loop(): Promise<void> {
    while (!stopping.aborted) {
      try {
        if (await claimMore()) continue;
      } catch (error) {
        onError(error);
      }
      await sleep(claimEveryMs);
    }
  }

  const looping = loop();
  return {
    running: () => active.size,
    async close() {
      await looping;
      await Promise.all(active);
    },
  };
}
