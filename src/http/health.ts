import { setTimeout as sleep } from "node:timers/promises";
import { Hono, type Context } from "hono";
import type { WorkersState } from "../delivery/workers.ts";
import type { Spool } from "../intake/spool.ts";
import type { PacerState, Store, StoreHealth } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { isLoopback, type Access } from "./access.ts";
import type { ReadinessAnswer, Upstream } from "./schemas/state.ts";

export interface HealthOptions {
  readonly store: Store;
  /** False in a process that takes no webhooks (`ROLE=worker`). */
  readonly takesEvents: boolean;
  /** Undefined in a process that does not deliver (`ROLE=intake`); `starting` until the store is there. */
  readonly workerState: (() => WorkersState | "starting") | undefined;
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
  if (!state) return { state: "unknown", until: null, rate: null, ceiling: null };
  return {
    state: state.reason ?? "ok",
    until: state.pausedForMs > 0 ? new Date(now + state.pausedForMs).toISOString() : null,
    rate: state.rate,
    ceiling: state.ceiling,
  };
}

/** `GET /healthz`, `GET /readyz`, `GET /metrics`. */
export function health(options: HealthOptions): Hono {
  const app = new Hono();

  app.get("/healthz", (context) => context.json({ status: "ok" }));

  app.get("/readyz", async (context) => {
    const { store } = options;
    const stored: StoreHealth = await store.health(healthDeadlineMs);
    const worker = options.workerState?.() ?? "off";
    const upstream = stored.ok ? await upstreamOf(store, options.clock()) : { state: "unknown" as const };
    const takes = !options.takesEvents || (stored.ok && stored.refuses === undefined);
    const ready = stored.ok && takes && (worker === "ok" || worker === "off");
    const body: ReadinessAnswer = {
      status: ready ? "ready" : "unavailable",
      store: { engine: store.engine, ...stored },
      worker: { state: worker },
      upstream,
      spool: options.spool.state(),
    };
    return context.json(body, ready ? 200 : 503);
  });

  app.get("/metrics", async (context) => {
    const refused = metricsRefusal(context, options.access);
    if (refused) return refused;
    const { contentType, body } = await options.metrics.render();
    return context.body(body, 200, { "Content-Type": contentType });
  });

  return app;
}

function metricsRefusal(context: Context, access: Access): Response | undefined {
  if (!access.isOn && isLoopback(context)) return undefined;
  return access.refusal(context, "Metrics need the bearer token in ADMIN_TOKEN.");
}
