import { Hono, type Context } from "hono";
import type { Spool } from "../intake/spool.ts";
import type { PacerState, Store, StoreHealth } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { bearerMatches, isLoopback } from "./access.ts";
import { errorBody } from "./webhooks.ts";

export interface HealthOptions {
  readonly store: Store;
  /** Undefined in a process that does not deliver (`ROLE=intake`). */
  readonly workersRunning: (() => boolean) | undefined;
  readonly spool: Pick<Spool, "state">;
  readonly metrics: Metrics;
  readonly adminToken: string | undefined;
  readonly clock: () => number;
}

/** How long a probe waits for the store. */
const healthDeadlineMs = 1_500;

export interface Upstream {
  readonly state: "ok" | "limited" | "unauthorized" | "failing" | "unknown";
  /** When the pause ends (ISO time), null when there is none. */
  readonly until: string | null;
  readonly rate: number | null;
  readonly ceiling: number | null;
}

/** What is known of the API at present, from the pacer that all replicas share. */
export async function upstreamOf(store: Store, now: number): Promise<Upstream> {
  const state: PacerState | undefined = await store.pacer.state().catch(() => undefined);
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
    const worker = options.workersRunning === undefined ? "off" : options.workersRunning() ? "ok" : "stopped";
    const upstream = stored.ok ? await upstreamOf(store, options.clock()) : { state: "unknown" as const };
    const ready = stored.ok && worker !== "stopped";
    const body = {
      status: ready ? "ready" : "unavailable",
      store: { engine: store.engine, ...stored },
      worker: { state: worker },
      upstream,
      spool: options.spool.state(),
    };
    return context.json(body, ready ? 200 : 503);
  });

  app.get("/metrics", async (context) => {
    if (!mayReadMetrics(context, options.adminToken)) {
      context.header("WWW-Authenticate", "Bearer");
      return context.json(errorBody("unauthorized", "Metrics need the bearer token in ADMIN_TOKEN."), 401);
    }
    const { contentType, body } = await options.metrics.render();
    return context.body(body, 200, { "Content-Type": contentType });
  });

  return app;
}

function mayReadMetrics(context: Context, adminToken: string | undefined): boolean {
  return adminToken === undefined ? isLoopback(context) : bearerMatches(context, adminToken);
}
