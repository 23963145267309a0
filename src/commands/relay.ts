import { serve as listen, type ServerType } from "@hono/node-server";
import { createAelystClient } from "../aelyst/client.ts";
import type { Config } from "../config.ts";
import { prepareNames } from "../contact/normalize.ts";
import { createCircuit } from "../delivery/circuit.ts";
import { createLookup } from "../delivery/lookup.ts";
import { createGate } from "../delivery/pace.ts";
import { createSender, type DestinationChange } from "../delivery/send.ts";
import { startWorkers, type Workers } from "../delivery/workers.ts";
import { httpApp } from "../http/app.ts";
import { createIntake } from "../intake/receive.ts";
import type { Source } from "../sources/source.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { openStore } from "./open-store.ts";

export interface Relay {
  /** The address the relay listens on; the port is the real one when `PORT` was 0. */
  readonly url: string;
  readonly store: Store;
  /** Stops accepting, finishes what is on the wire, closes. True when that was clean within the deadline. */
  stop(deadlineMs: number): Promise<boolean>;
}

export type RelayResult = { ok: true; relay: Relay } | { ok: false; message: string };

/** Puts the relay together from its configuration and starts it. */
export async function startRelay(
  config: Config,
  sourceList: readonly Source[],
  log: Logger,
  version: string,
): Promise<RelayResult> {
  const clock = Date.now;
  const metrics = createMetrics({ sources: sourceList.map((source) => source.name) });
  const opened = await openStore(config, (error, where) => {
    metrics.storeError(where);
    log.warn({ err: error, where }, "store error");
  });
  if (!opened.ok) return opened;
  const { store } = opened;
  const sources = new Map(sourceList.map((source) => [source.name, source]));
  const api = createAelystClient(config.api);
  const retry = { firstMs: config.retryDelayMs, maxMs: config.retryDelayMaxMs };

  function startDelivery(): Workers {
    prepareNames();
    const send = createSender({
      update: (contact, patch) => api.update(contact, patch),
      gate: createGate(store.pacer, config.api.ratePerSecond, { shared: store.engine !== "embedded", clock }),
      pacer: store.pacer,
      circuit: createCircuit(),
      retry,
      authProbeMs: config.authProbeMs,
      clock,
      observer: {
        request: (status, result, seconds) => metrics.request(status, result, seconds),
        destination(change) {
          if (change.kind !== "recovered") metrics.paused(change.kind);
          logDestination(log, change);
        },
      },
    });
    const policy = {
      maxAgeMs: config.deliveryMaxAgeMs,
      busy: { firstMs: config.busyDelayMs, maxMs: config.busyDelayMaxMs },
      retry,
      requireFirstName: config.api.requireFirstName,
    };
    const ceiling = config.api.ratePerSecond;
    const lookup = createLookup({ ratePerSecond: 10, timeoutMs: 10_000, bytesMax: 1_048_576, clock });
    return startWorkers({
      store,
      sources,
      send,
      lookup,
      policy,
      ceiling,
      clock,
      random: Math.random,
      log,
      metrics,
    });
  }

  metrics.onScrape(async () => ({ queues: await store.counts(), ...(await store.pacer.state()) }));
  const workers = config.role === "intake" ? undefined : startDelivery();
  const app = httpApp({
    webhooks:
      config.role === "worker"
        ? undefined
        : {
            sources,
            intake: createIntake(store.events, clock),
            bodyLimitBytes: config.bodyLimitBytes,
            clock,
            log,
            metrics,
          },
    health: {
      store,
      workersRunning: workers && (() => workers.running()),
      metrics,
      adminToken: config.adminToken,
      clock,
    },
    admin: { store, adminToken: config.adminToken, version, role: config.role, clock, log },
  });

  let server: { server: ServerType; port: number };
  try {
    server = await listenOn(app.fetch, config.host, config.port);
  } catch (error) {
    await workers?.close();
    await store.close(2_000);
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `cannot listen on ${config.host}:${config.port}: ${why}` };
  }

  async function shutDown(): Promise<void> {
    await new Promise<void>((resolve) => {
      server.server.close(() => resolve());
      if ("closeIdleConnections" in server.server) server.server.closeIdleConnections();
    });
    await workers?.close();
    await api.close();
    await store.close(2_000);
  }

  return {
    ok: true,
    relay: {
      url: `http://${config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host}:${server.port}`,
      store,
      stop: (deadlineMs) => withinDeadline(shutDown(), deadlineMs, log),
    },
  };
}

async function listenOn(fetch: Parameters<typeof listen>[0]["fetch"], hostname: string, port: number) {
  return await new Promise<{ server: ServerType; port: number }>((resolve, reject) => {
    const server = listen({ fetch, hostname, port }, (info) => {
      server.off("error", reject);
      resolve({ server, port: info.port });
    });
    server.once("error", reject);
  });
}

async function withinDeadline(work: Promise<void>, deadlineMs: number, log: Logger): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  const finished = work.then(
    () => true,
    (error: unknown) => {
      log.error({ err: error }, "shutdown failed");
      return false;
    },
  );
  const clean = await Promise.race([finished, late]);
  clearTimeout(timer);
  return clean;
}

function logDestination(log: Logger, change: DestinationChange): void {
  switch (change.kind) {
    case "limited": {
      const { pauseMs, hinted } = change;
      log.warn({ pauseMs, hinted }, "the API answered 429: no requests until the pause is over");
      return;
    }
    case "unauthorized": {
      const { status, probeMs, message } = change;
      const text = "the API refuses the token: check AELYST_API_TOKEN; events are kept meanwhile";
      log.error({ status, probeMs, message }, text);
      return;
    }
    case "failing": {
      const { probeMs, message } = change;
      log.error({ probeMs, message }, "the API fails for many contacts: single probes until it answers");
      return;
    }
    case "recovered":
      log.info({ from: change.from }, "the API answers again");
  }
}
