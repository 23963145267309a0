import type { RelayEvent } from "../../src/contact/event.ts";
import { summaryOf, type EventFilter, type EventRecord, type EventState } from "../../src/store/event-log.ts";
import type { ReplayRunnerOptions } from "../../src/delivery/replays/runner.ts";
import { noProgress, type Replay, type ReplayPlan, type ReplayProgress } from "../../src/store/replays.ts";
import type { PacerState } from "../../src/store/store.ts";
import { sampleEvent } from "./store-samples.ts";

interface Kept {
  event: RelayEvent;
  state: EventState;
  readonly acceptedAt: number;
}

interface Held {
  replay: Replay;
  lease?: string | undefined;
  until: number;
}

/** A log and replays in memory, in virtual time, for tests of whoever carries replays out. */
export function createMemoryReplays(clock: () => number) {
  const events = new Map<string, Kept>();
  const replays = new Map<string, Held>();
  /** Every event that was set waiting: when, which, as which run. */
  const setWaiting: { readonly at: number; readonly id: string; readonly run: number }[] = [];
  let leases = 0;
  const pace: { state: PacerState } = { state: { rate: 10, ceiling: 10, pausedForMs: 0 } };

  function fits({ event, state, acceptedAt }: Kept, filter: EventFilter): boolean {
    return (
      (filter.source === undefined || event.source === filter.source) &&
      (filter.state === undefined || state === filter.state) &&
      (filter.from === undefined || acceptedAt >= filter.from) &&
      (filter.to === undefined || acceptedAt < filter.to)
    );
  }

  const store: ReplayRunnerOptions["store"] = {
    events: {
      list(filter, limit, cursor) {
        const newestFirst = [...events.values()].filter((kept) => fits(kept, filter)).toReversed();
        const from = cursor === undefined ? 0 : newestFirst.findIndex(({ event }) => event.id === cursor) + 1;
        const page = newestFirst.slice(from, from + limit);
        const next = from + limit < newestFirst.length ? page.at(-1)?.event.id : undefined;
        return Promise.resolve({ items: page.map(({ event, state }) => summaryOf({ event, state })), next });
      },
      find(id) {
        const kept = events.get(id);
        const record: EventRecord | undefined = kept && { ...kept, attempts: 1 };
        return Promise.resolve(record);
      },
      replay(id, priority, run) {
        const kept = events.get(id);
        if (!kept || kept.event.withdrawn) return Promise.resolve(false);
        if (kept.state !== "completed" && kept.state !== "failed") return Promise.resolve(false);
        if (run !== undefined && kept.event.replay !== run) return Promise.resolve(false);
        kept.event = { ...kept.event, replay: kept.event.replay + 1, ...(priority ? { priority } : {}) };
        kept.state = "waiting";
        setWaiting.push({ at: clock(), id, run: kept.event.replay });
        return Promise.resolve(true);
      },
    },
    mailbox: { read: () => Promise.resolve({ waiting: [], applied: {}, history: [] }) },
    pacer: { state: () => Promise.resolve(pace.state) },
    health: () => Promise.resolve({ ok: true }),
    replays: {
      claim(leaseMs) {
        const held = [...replays.values()].find(
          ({ replay, until }) => replay.state === "running" && until <= clock(),
        );
        if (!held) return Promise.resolve(undefined);
        leases += 1;
        held.lease = `lease-${leases}`;
        held.until = clock() + leaseMs;
        return Promise.resolve({ replay: held.replay, lease: held.lease });
      },
      save: ({ replay: { id }, lease }, progress, leaseMs) =>
        Promise.resolve(change(id, lease, { progress }, clock() + leaseMs)),
      end: ({ replay: { id }, lease }, state, progress, message) =>
        Promise.resolve(
          change(id, lease, { state, progress, ...(message === undefined ? {} : { message }) }, 0),
        ),
      release({ replay: { id }, lease }) {
        change(id, lease, {}, 0);
        return Promise.resolve();
      },
    },
  };

  function change(id: string, lease: string, changes: Partial<Replay>, until: number): boolean {
    const held = replays.get(id);
    if (held?.lease !== lease || held.replay.state !== "running") return false;
    held.replay = structuredClone({ ...held.replay, ...changes });
    held.until = until;
    return true;
  }

  return {
    store,
    setWaiting,
    pace,
    /** The kept event itself, to be changed at will. */
    event(id: string): Kept {
      const kept = events.get(id);
      if (!kept) throw new Error(`there is no event ${id}`);
      return kept;
    },
    accept(count: number, overrides: Partial<Kept> & { readonly source?: string } = {}): string[] {
      const { state = "completed", acceptedAt = clock(), source = "shop" } = overrides;
      return Array.from({ length: count }, () => {
        const event = sampleEvent({ source });
        events.set(event.id, { event, state, acceptedAt });
        return event.id;
      });
    },
    forget: (id: string) => events.delete(id),
    /** Whatever waits is mapped and delivered. */
    finish(state: "completed" | "failed" = "completed"): void {
      for (const kept of events.values()) if (kept.state === "waiting") kept.state = state;
    },
    create(filter: Partial<ReplayPlan["filter"]>, share = 0.2): string {
      const id = `rpl_${String(replays.size).padStart(26, "0")}`;
      const progress: ReplayProgress = { ...noProgress, rate: 0 };
      const plan: ReplayPlan = { filter: { to: clock(), ...filter }, share, by: "operator", total: 0 };
      replays.set(id, { replay: { ...plan, id, state: "running", createdAt: clock(), progress }, until: 0 });
      return id;
    },
    stop(id: string): void {
      const held = replays.get(id);
      if (held) Object.assign(held, { replay: { ...held.replay, state: "stopped" }, lease: undefined });
    },
    replay(id: string): Replay {
      const held = replays.get(id);
      if (!held) throw new Error(`there is no replay ${id}`);
      return held.replay;
    },
  };
}

export type MemoryReplays = ReturnType<typeof createMemoryReplays>;
