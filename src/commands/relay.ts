import { createAelystClient } from "../aelyst/client.ts";
import type { Config } from "../config.ts";
import { contactTag } from "../contact/contact-ref.ts";
import { createCircuit } from "../delivery/circuit.ts";
import { createLookup } from "../delivery/lookup.ts";
import { createGate } from "../delivery/pace.ts";
import { createContactPace } from "../delivery/contact-pace.ts";
import { createSuspects } from "../delivery/suspects.ts";
import { createSender, type DestinationChange } from "../delivery/send.ts";
import { createShapeWatch } from "../delivery/shape-watch.ts";
import { startWorkers, type Workers } from "../delivery/workers.ts";
import { createAccess } from "../http/access.ts";
import { httpApp } from "../http/app.ts";
import { openDoor, type Door } from "../http/door.ts";
import { createIntake } from "../intake/receive.ts";
import { createConnections } from "../outbound/connections.ts";
import type { Source } from "../sources/source.ts";
import { openLate, type OpenedStore } from "../store/late.ts";
import { reasonOf } from "../store/reason.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { openStore } from "./open-store.ts";
import { shutDown } from "./shutdown.ts";
import { createStoreLog } from "./store-log.ts";
import { warmUp } from "./warm-up.ts";
import { openRelaySpool } from "./spool.ts";

export interface Relay {
  /** The address the relay listens on; the port is the real one when `PORT` was 0. */
  readonly url: string;
  /** Refuses everything until the store behind it is there. */
  readonly store: Store;
  /** Settles when the store is there, was refused for good, or (undefined) the relay was stopped before. */
  readonly opened: Promise<OpenedStore | undefined>;
  /** Serves these from now on. What is being mapped is finished as it began, and everything after it by these. */
  takeSources(sources: readonly Source[]): void;
  /** Counts that sources were read anew. */
  sourcesRead(result: "taken" | "rejected"): void;
  /** Stops accepting, finishes what is on the wire, closes. True when that was clean within the deadline. */
  stop(deadlineMs: number): Promise<boolean>;
}

/** Health is answered, and webhooks are refused, from this long after the start even when the store is away. */
const storeGraceMs = 2_000;

export type RelayResult = { ok: true; relay: Relay } | { ok: false; message: string };

/** Puts the relay together from its configuration and starts it. */
export async function startRelay(
  config: Config,
  sourceList: readonly Source[],
  log: Logger,
  version: string,
): Promise<RelayResult> {
  const clock = Date.now;
  const monotonic = () => performance.now();
  const sources = new Map(sourceList.map((source) => [source.name, source]));
  const metrics = createMetrics({ sources });
  const spool = await openRelaySpool(config, log, metrics);
  metrics.onSpool(() => spool.state().events);
  await warmUp(sourceList, {
    delivers: config.role !== "intake",
    bodyLimitBytes: config.bodyLimitBytes,
    clock,
  });
  const late = await findStore(config, log, metrics);
  if (!late.ok) {
    await spool.close();
    return late;
  }
  const { store, opened } = late;
  spool.drainInto({
    accept: (events) => store.events.accept(events),
    health: (deadlineMs) => store.health(deadlineMs),
  });
  const shapes = createShapeWatch(clock);
  const connections = createConnections(config.proxies);
  const api = createAelystClient(config.api, connections);
  const retry = { firstMs: config.retryDelayMs, maxMs: config.retryDelayMaxMs };

  function startDelivery(): Workers {
    const send = createSender({
      update: (contact, patch) => api.update(contact, patch),
      gate: createGate(store.pacer, config.api.ratePerSecond, { shared: store.engine !== "embedded", clock }),
      pacer: store.pacer,
      circuit: createCircuit(),
      suspects: createSuspects(clock),
      contactPace: createContactPace(config.api.ratePerContact, clock),
      retry,
      authProbeMs: config.authProbeMs,
      clock,
      random: Math.random,
      observer: {
        request: (status, result, seconds) => metrics.request(status, result, seconds),
        destination(change) {
          if (change.kind !== "recovered" && change.kind !== "alone") metrics.paused(change.kind);
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
    const lookup = createLookup({
      connections,
      ratePerSecond: 10,
      timeoutMs: 10_000,
      bytesMax: 1_048_576,
      clock,
    });
    return startWorkers({
      store,
      sources,
      send,
      lookup,
      shapes,
      policy,
      ceiling,
      clock,
      random: Math.random,
      log,
      metrics,
    });
  }

  metrics.onScrape(async () => ({ queues: await store.counts(), ...(await store.pacer.state()) }));
  let workers: Workers | undefined;
  let stopping = false;
  async function deliverOnceOpen(): Promise<void> {
    const outcome = await opened;
    if (outcome?.ok === true && !stopping && config.role !== "intake") workers = startDelivery();
  }
  const delivering = deliverOnceOpen();
  if (late.isOpen) await delivering;
  const access = createAccess({ adminToken: config.adminToken, clock: monotonic, log, metrics });
  const app = httpApp({
    webhooks:
      config.role === "worker"
        ? undefined
        : {
            sources,
            intake: createIntake(store.events, clock, spool),
            bodyLimitBytes: config.bodyLimitBytes,
            clock,
            log,
            metrics,
          },
    health: {
      store,
      takesEvents: config.role !== "worker",
      workerState: config.role === "intake" ? undefined : () => workers?.state() ?? "starting",
      spool,
      metrics,
      access,
      clock,
    },
    admin: {
      store,
      spool,
      sources,
      shapes,
      bodyLimitBytes: config.bodyLimitBytes,
      access,
      version,
      role: config.role,
      clock,
      log,
    },
  });

  let door: Door;
  try {
    const { host, port, connectionsMax } = config;
    door = await openDoor({ fetch: app.fetch, host, port, connectionsMax, log, metrics, clock: monotonic });
  } catch (error) {
    stopping = true;
    await workers?.close();
    await spool.close();
    await store.close(2_000);
    return { ok: false, message: `cannot listen on ${config.host}:${config.port}: ${reasonOf(error)}` };
  }

  async function closeWorkers(): Promise<void> {
    stopping = true;
    await Promise.all([workers?.close(), spool.close()]);
  }

  return {
    ok: true,
    relay: {
      url: `http://${config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host}:${door.port}`,
      store,
      opened,
      takeSources(list) {
        sources.clear();
        for (const source of list) sources.set(source.name, source);
        shapes.forget();
      },
      sourcesRead: (result) => metrics.sourcesRead(result),
      stop: (deadlineMs) =>
        shutDown(
          {
            closeDoor: (closeMs) => door.close(closeMs),
            closeWorkers,
            closeApi: async () => {
              await api.close();
              await connections.destroy();
            },
            closeStore: (closeMs) => store.close(closeMs),
          },
          deadlineMs,
          log,
        ),
    },
  };
}

type FoundStore =
  | { ok: true; store: Store; opened: Promise<OpenedStore | undefined>; isOpen: boolean }
  | { ok: false; message: string };

/** A store that is there is opened before anything else; one on a server that is away is waited for beside the rest. */
async function findStore(config: Config, log: Logger, metrics: Metrics): Promise<FoundStore> {
  const storeLog = createStoreLog(log, Date.now);
  let isOpen = false;
  const open = async (signal: AbortSignal): Promise<OpenedStore> => {
    const opened = await openStore(config, {
      onError(error, where) {
        metrics.storeError(where);
        // Until then the outcome of the opening says it all.
        if (isOpen) storeLog.error(error, where);
      },
      onNote: storeLog.note,
      signal,
    });
    isOpen = opened.ok;
    return opened;
  };
  if (config.store.engine === "embedded") {
    const opened = await open(new AbortController().signal);
    return opened.ok ? { ...opened, opened: Promise.resolve(opened), isOpen } : opened;
  }
  const { engine } = config.store;
  const late = openLate({ engine, open, graceMs: storeGraceMs, onAway: storeLog.away });
  const first = await late.first;
  if (first?.ok === false && first.final) return first;
  return { ok: true, store: late.store, opened: late.settled, isOpen: first?.ok === true };
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
    case "alone": {
      const { status, message } = change;
      const text = "the API answers one contact so and others well: only that contact waits";
      log.warn({ contact: contactTag(change.contact), status, message }, text);
      return;
    }
    case "recovered":
      log.info({ from: change.from }, "the API answers again");
  }
}
