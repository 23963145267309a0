import type { Config } from "../config.ts";
import { createLookup } from "../delivery/lookup.ts";
import { createShapeWatch } from "../delivery/shape-watch.ts";
import { createAccess } from "../http/access.ts";
import { httpApp } from "../http/app.ts";
import type { Desk } from "../http/desk.ts";
import { openDoor, type Door } from "../http/door.ts";
import { createIntake } from "../intake/receive.ts";
import { acceptByRoute } from "../intake/route.ts";
import { createConnections } from "../outbound/connections.ts";
import type { SourcesResult } from "../sources/load.ts";
import type { Source } from "../sources/source.ts";
import type { OpenedStore } from "../store/late.ts";
import { reasonOf } from "../store/reason.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { startBus } from "./bus.ts";
import { startDelivery, type Delivery } from "./delivery.ts";
import { findStores, type FoundStore } from "./find-stores.ts";
import { shutDown } from "./shutdown.ts";
import { openRelaySpool } from "./spool.ts";
import { warmUp } from "./warm-up.ts";
import { workspacesOf, type Workspace } from "./workspaces.ts";

type Configured = Extract<SourcesResult, { ok: true }>;

export interface Relay {
  /** The address the relay listens on; the port is the real one when `PORT` was 0. */
  readonly url: string;
  /** The first workspace's. */
  readonly store: Store;
  /** Settles when the stores are there, one was refused for good, or (undefined) the relay was stopped before. */
  readonly opened: Promise<Opened | undefined>;
  /** Serves these from now on. What is being mapped is finished as it began, and everything after it by these. */
  takeSources(sources: readonly Source[]): void;
  /** Counts that sources were read anew. */
  sourcesRead(result: "taken" | "rejected"): void;
  /** Stops accepting, finishes what is on the wire, closes. True when that was clean within the deadline. */
  stop(deadlineMs: number): Promise<boolean>;
}

export type Opened = { readonly ok: true } | { readonly ok: false; readonly message: string };
export type RelayResult = { ok: true; relay: Relay } | { ok: false; message: string };

/** One workspace at work: its store and, once that is there and this process delivers, its workers. */
interface Line {
  readonly workspace: Workspace;
  readonly found: FoundStore;
  readonly metrics: Metrics;
  readonly log: Logger;
  delivery: Delivery | undefined;
}

/** Puts the relay together from its configuration and starts it. */
export async function startRelay(
  config: Config,
  configured: Pick<Configured, "sources" | "destinations">,
  log: Logger,
  version: string,
): Promise<RelayResult> {
  const clock = Date.now;
  const monotonic = () => performance.now();
  const sourceList = configured.sources;
  const sources = new Map(sourceList.map((source) => [source.name, source]));
  const workspaces = workspacesOf(config, configured.destinations);
  const isAlone = configured.destinations.length === 0;
  const metrics = createMetrics({ sources });
  const spool = await openRelaySpool(config, log, metrics);
  metrics.onSpool(() => spool.state().events);
  await warmUp(sourceList, {
    delivers: config.role !== "intake",
    bodyLimitBytes: config.bodyLimitBytes,
    clock,
  });
  const stores = await findStores(config, workspaces, log, metrics);
  if (!stores.ok) {
    await spool.close();
    return stores;
  }
  const lines = stores.stores.map((found, index): Line => {
    const workspace = workspaces[index];
    if (!workspace) throw new Error("a store belongs to no workspace");
    const { name: destination } = workspace;
    return {
      workspace,
      found,
      metrics: isAlone ? metrics : metrics.ofDestination(destination),
      log: isAlone ? log : log.child({ destination }),
      delivery: undefined,
    };
  });
  const [first] = lines;
  if (!first) throw new Error("there is no workspace to deliver to");
  /** Where events of a source are kept. Throws where nobody can tell whose they are: to guess would tell one of another. */
  function lineOf(source: string): Line {
    if (isAlone && first) return first;
    const destination = sources.get(source)?.destination;
    const line = lines.find(({ workspace }) => workspace.name === destination);
    if (!line) throw new Error(`the source ${source} belongs to no workspace of this relay`);
    return line;
  }
  const accept = acceptByRoute((source) => lineOf(source).found.store.events);
  spool.drainInto({
    accept,
    // They are on one server.
    health: (deadlineMs) => first.found.store.health(deadlineMs),
  });
  const shapes = createShapeWatch(clock);
  const connections = createConnections(config.proxies);
  const lookup = createLookup({
    connections,
    ratePerSecond: 10,
    timeoutMs: 10_000,
    bytesMax: 1_048_576,
    clock,
  });

  let stopping = false;
  async function deliverOnceOpen(line: Line): Promise<void> {
    const { workspace, found, log, metrics } = line;
    const outcome = await found.opened;
    if (outcome?.ok !== true || stopping || config.role === "intake") return;
    const { store } = found;
    const shared = { sources, lookup, shapes, clock, connections, config };
    line.delivery = startDelivery({ ...shared, workspace, store, log, metrics });
  }
  for (const { found, metrics } of lines) {
    const { store } = found;
    metrics.onScrape(async () => ({ queues: await store.counts(), ...(await store.pacer.state()) }));
  }
  const delivering = Promise.all(lines.map(deliverOnceOpen));
  if (lines.every(({ found }) => found.isOpen)) await delivering;
  const bus = startBus({
    sources,
    accept,
    health: async (source, deadlineMs) => await lineOf(source).found.store.health(deadlineMs),
    log,
    metrics,
    clock,
  });
  const access = createAccess({ adminToken: config.adminToken, clock: monotonic, log, metrics });
  const deskOf = (line: Line): Desk => {
    const { workspace, found } = line;
    return {
      destination: isAlone ? undefined : workspace.name,
      store: found.store,
      workerState: config.role === "intake" ? undefined : () => line.delivery?.workers.state() ?? "starting",
    };
  };
  const app = httpApp({
    webhooks:
      config.role === "worker"
        ? undefined
        : {
            sources,
            intake: createIntake({ accept }, clock, spool),
            bodyLimitBytes: config.bodyLimitBytes,
            clock,
            log,
            metrics,
          },
    health: { takesEvents: config.role !== "worker", bus: bus.state, spool, metrics, access, clock },
    admin: {
      bus: bus.state,
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
    desks: [deskOf(first), ...lines.slice(1).map(deskOf)],
  });

  const closeStores = async (deadlineMs: number) => {
    await Promise.all(lines.map(({ found }) => found.store.close(deadlineMs)));
  };
  const takesEvents = config.role !== "worker";
  const deliveries = () => lines.flatMap(({ delivery }) => delivery ?? []);
  async function closeWorkers(): Promise<void> {
    stopping = true;
    await Promise.all([bus.close(), ...deliveries().map(({ workers }) => workers.close()), spool.close()]);
  }
  let door: Door;
  try {
    const { host, port, connectionsMax } = config;
    door = await openDoor({ fetch: app.fetch, host, port, connectionsMax, log, metrics, clock: monotonic });
  } catch (error) {
    await closeWorkers();
    await closeStores(2_000);
    return { ok: false, message: `cannot listen on ${config.host}:${config.port}: ${reasonOf(error)}` };
  }

  if (takesEvents) await bus.follow();
  return {
    ok: true,
    relay: {
      url: `http://${config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host}:${door.port}`,
      store: first.found.store,
      opened: allOpened(lines.map(({ found }) => found.opened)),
      takeSources(list) {
        sources.clear();
        for (const source of list) sources.set(source.name, source);
        shapes.forget();
        if (takesEvents) void bus.follow();
      },
      sourcesRead: (result) => metrics.sourcesRead(result),
      stop: (deadlineMs) =>
        shutDown(
          {
            closeDoor: (closeMs) => door.close(closeMs),
            closeWorkers,
            closeApi: async () => {
              await Promise.all(deliveries().map(({ client }) => client.close()));
              await connections.destroy();
            },
            closeStore: closeStores,
          },
          deadlineMs,
          log,
        ),
    },
  };
}

/** The first refusal, as soon as there is one; otherwise once all are there. */
async function allOpened(stores: readonly Promise<OpenedStore | undefined>[]): Promise<Opened | undefined> {
  const refused = stores.map(async (store) => {
    const opened = await store;
    return opened?.ok === false ? opened : await new Promise<never>(() => undefined);
  });
  const all = Promise.all(stores).then((opened) =>
    opened.every((one) => one?.ok === true) ? { ok: true as const } : undefined,
  );
  return await Promise.race([...refused, all]);
}
