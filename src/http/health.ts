import { setTimeout as sleep } from "node:timers/promises";
import { Hono, type Context } from "hono";
import type { Spool } from "../intake/spool.ts";
import type { PacerState, Store, StoreHealth } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { isLoopback, type Access } from "./access.ts";
import type { Desk } from "./desk.ts";
import type { ReadinessAnswer, Upstream } from "./schemas/state.ts";

export interface HealthOptions {
  readonly desks: readonly [Desk, ...Desk[]];
  /** False in a process that takes no webhooks (`ROLE=worker`). */
  readonly takesEvents: boolean;
  /** What is pulled, by source. */
  readonly bus: BusState;
  readonly spool: Pick<Spool, "state">;
  readonly metrics: Metrics;
  readonly access: Access;
  readonly clock: () => number;
}

/** How long a probe waits for the store, and then for the pace that is kept in it. */
const healthDeadlineMs = 1_500;
const upstreamDeadlineMs = 1_000;

/** What is known of the API at present, from the pacer that all replicas share. */
export async function upstreamOf(store: Store, now: number): Promise<Upstream> {
  const state: PacerState | undefined = await Promise.race([
    store.pacer.state().catch(() => undefined),
    sleep(upstreamDeadlineMs, undefined, { ref: false }),
  ]);
  if (!state) return { state: "unknown", since: null, until: null, rate: null, ceiling: null };
  const { pausedSinceMs } = state;
  return {
    state: state.reason ?? "ok",
    since: pausedSinceMs === undefined ? null : new Date(now - pausedSinceMs).toISOString(),
    until: state.pausedForMs > 0 ? new Date(now + state.pausedForMs).toISOString() : null,
    rate: state.rate,
    ceiling: state.ceiling,
  };
}

export type BusState = () => NonNullable<ReadinessAnswer["bus"]>;

/** Absent where no source pulls. */
export function busOf(state: BusState): Pick<ReadinessAnswer, "bus"> {
  const bus = state();
  return Object.keys(bus).length === 0 ? {} : { bus };
}

const workerStates = ["stopped", "silent", "starting", "ok", "off"] as const;
const upstreamStates = ["unknown", "unauthorized", "failing", "limited", "ok"] as const;

/** The one with the worst state; of several the first. */
function worst<Item, State>(
  worstFirst: readonly State[],
  items: readonly [Item, ...Item[]],
  stateOf: (item: Item) => State,
): Item {
  const rank = (item: Item) => worstFirst.indexOf(stateOf(item));
  return items.reduce((found, item) => (rank(item) < rank(found) ? item : found));
}

async function stateOf({ destination, store, workerState }: Desk, now: number) {
  const stored: StoreHealth = await store.health(healthDeadlineMs);
  const upstream = stored.ok ? await upstreamOf(store, now) : { state: "unknown" as const };
  return { destination, stored, worker: workerState?.() ?? ("off" as const), upstream };
}

/** `GET /healthz`, `GET /readyz`, `GET /metrics`. */
export function health(options: HealthOptions): Hono {
  const app = new Hono();

  app.get("/healthz", (context) => context.json({ status: "ok" }));

  app.get("/readyz", async (context) => {
    const { desks } = options;
    const [first, ...others] = desks;
    const now = options.clock();
    const states = await Promise.all([stateOf(first, now), ...others.map((desk) => stateOf(desk, now))]);
    // They are on one server: what one of them cannot be asked, none can be for long.
    const { stored } = worst([false, true], states, ({ stored }) => stored.ok);
    const worker = worst(workerStates, states, ({ worker }) => worker).worker;
    const { upstream } = worst(upstreamStates, states, ({ upstream }) => upstream.state);
    const takes = !options.takesEvents || (stored.ok && stored.refuses === undefined);
    const ready = stored.ok && takes && (worker === "ok" || worker === "off");
    const named = states.flatMap(({ destination, worker, upstream }) =>
      destination === undefined ? [] : [[destination, { worker: { state: worker }, upstream }] as const],
    );
    const body: ReadinessAnswer = {
      status: ready ? "ready" : "unavailable",
      store: { engine: first.store.engine, ...stored },
      worker: { state: worker },
      upstream,
      ...(named.length === 0 ? {} : { destinations: Object.fromEntries(named) }),
      ...busOf(options.bus),
      spool: options.spool.state(),
    };
    return context.json(body, ready ? 200 : 503);
  });

  app.get("/metrics", async (context) => {
    const refused = await metricsRefusal(context, options.access);
    if (refused) return refused;
    const { contentType, body } = await options.metrics.render();
    return context.body(body, 200, { "Content-Type": contentType });
  });

  return app;
}

async function metricsRefusal(context: Context, access: Access): Promise<Response | undefined> {
  if (!access.isOn && isLoopback(context)) return undefined;
  return await access.refusal(context, "Metrics need the bearer token in ADMIN_TOKEN.");
}
