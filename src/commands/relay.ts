import { hostname } from "node:os";
import { ulid } from "ulid";
import type { Config } from "../config.ts";
import { createLookup } from "../delivery/lookup.ts";
import { foretellReplay } from "../delivery/replays/foretell.ts";
import { createShapeWatch } from "../delivery/shape-watch.ts";
import { createAccess } from "../http/access.ts";
import { httpApp } from "../http/app.ts";
import type { Desk } from "../http/desk.ts";
import { openDoor, type Door } from "../http/door.ts";
import { createSeals } from "../http/masking.ts";
import { createIntake } from "../intake/receive.ts";
import { acceptByRoute } from "../intake/route.ts";
import { createPublished } from "../intake/published.ts";
import { createConnections } from "../outbound/connections.ts";
import { announcements } from "../providers/registry.ts";
import type { SourcesResult } from "../sources/load.ts";
import type { OpenedStore } from "../store/late.ts";
import { withDeadline } from "../store/deadline.ts";
import { reasonOf } from "../store/reason.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { noTracing, type Tracing } from "../telemetry/tracing.ts";
import { startAwakening } from "./awakening.ts";
import { startBus } from "./bus.ts";
import { startDelivery, type Delivery } from "./delivery.ts";
import { openConsole } from "./console.ts";
import { findStores, type FoundStore } from "./find-stores.ts";
import { idleSources } from "./idle-sources.ts";
import { configurationHash } from "./configuration.ts";
import { startNotices } from "./notices.ts";
import { startCounting, type Counting } from "./numbers.ts";
import { startReplica } from "./replicas.ts";
import type { SettingInForce } from "./settings.ts";
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
  takeSources(loaded: Configured): void;
  /** Counts that sources were read anew, and writes it to the audit log. */
  sourcesRead(result: "taken" | "rejected", detail: string): void;
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
  readonly counting: Counting;
  readonly log: Logger;
  delivery: Delivery | undefined;
}

/** Puts the relay together from its configuration and starts it. */
export async function startRelay(
  config: Config,
  configured: Pick<Configured, "sources" | "destinations" | "text">,
  log: Logger,
  version: string,
  settings: readonly SettingInForce[] = [],
  tracing: Tracing = noTracing,
): Promise<RelayResult> {
  const clock = Date.now;
  const monotonic = () => performance.now();
  const sourceList = configured.sources;
  const sources = new Map(sourceList.map((source) => [source.name, source]));
  const workspaces = workspacesOf(config, configured.destinations);
  for (const idle of idleSources(sourceList, workspaces)) log.warn(idle);
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
    const counting = startCounting({
      store: found.store,
      sources,
      clock,
      onError: () => metrics.storeError("numbers"),
    });
    return {
      workspace,
      found,
      metrics: counting.counted(isAlone ? metrics : metrics.ofDestination(destination)),
      counting,
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
  /** What comes in is counted where it is kept. */
  const intakeMetrics: Metrics = {
    ...metrics,
    event(source, outcome) {
      metrics.event(source, outcome);
      if (sources.has(source)) lineOf(source).counting.event(source, outcome);
    },
  };
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
    const shared = { sources, lookup, shapes, clock, connections, config, tracing };
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
    metrics: intakeMetrics,
    tracing,
    clock,
  });
  const notices = startNotices({
    config,
    stores: lines.map(({ workspace, found }) => ({
      destination: isAlone ? undefined : workspace.name,
      store: found.store,
    })),
    sources,
    bus,
    spool,
    connections,
    clock,
    log,
    metrics,
  });
  const replica = startReplica({
    store: first.found.store,
    opened: first.found.opened,
    about: {
      id: `rep_${ulid()}`,
      role: config.role,
      version,
      label: `${hostname()}/${process.pid}`,
      since: clock(),
    },
    configuration: configurationHash(settings, configured),
    clock,
    log,
    onError: () => metrics.storeError("replicas"),
  });
  const access = createAccess({
    adminToken: config.adminToken,
    readToken: config.adminReadToken,
    clock: monotonic,
    now: clock,
    log,
    metrics,
    signOuts: first.found.store.signOuts,
  });
  const deskOf = (line: Line): Desk => {
    const { workspace, found } = line;
    return {
      destination: isAlone ? undefined : workspace.name,
      store: found.store,
      workerState: config.role === "intake" ? undefined : () => line.delivery?.workers.state() ?? "starting",
    };
  };
  const seals = config.adminToken === undefined ? undefined : createSeals(config.adminToken);
  const app = httpApp({
    seals,
    console: (api) =>
      openConsole({
        api,
        access,
        seals,
        config,
        workspaces: isAlone ? [] : workspaces,
        sources,
        settings,
        version,
        clock,
        log,
        audit: first.found.store.audit,
        queues: () =>
          lines.map(({ workspace, found }) => ({
            destination: isAlone ? undefined : workspace.name,
            queue: found.store.wakeQueue(),
          })),
        receive: async (request) => await app.fetch(request),
      }),
    webhooks:
      config.role === "worker"
        ? undefined
        : {
            sources,
            intake: createIntake(
              { accept },
              clock,
              spool,
              createPublished({ connections, clock }),
              tracing,
              startAwakening(lines),
            ),
            announcements,
            bodyLimitBytes: config.bodyLimitBytes,
            clock,
            log,
            metrics: intakeMetrics,
            tracing,
          },
    health: { takesEvents: config.role !== "worker", bus: bus.state, spool, metrics, access, clock },
    admin: {
      bus: bus.state,
      notices: notices && (() => notices.open()),
      replicas: replica,
      spool,
      sources,
      foretellReplay: (store, filter, sample) => foretellReplay(store, sources, filter, sample),
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
    // They are not worth a shutdown that takes longer.
    const inTime = (last: Promise<unknown>, what: string) =>
      withDeadline(last, deadlineMs / 4, "not in time").catch(() => metrics.storeError(what));
    await Promise.all([
      inTime(Promise.all(lines.map(({ counting }) => counting.close())), "numbers"),
      inTime(replica.close(), "replicas"),
    ]);
    await Promise.all(lines.map(({ found }) => found.store.close(deadlineMs)));
  };
  const takesEvents = config.role !== "worker";
  const deliveries = () => lines.flatMap(({ delivery }) => delivery ?? []);
  async function closeWorkers(): Promise<void> {
    stopping = true;
    await Promise.all([
      notices?.close(),
      bus.close(),
      ...deliveries().map((delivery) => delivery.close()),
      spool.close(),
    ]);
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
      takeSources(loaded) {
        sources.clear();
        for (const source of loaded.sources) sources.set(source.name, source);
        replica.configured(configurationHash(settings, loaded));
        shapes.forget();
        if (takesEvents) void bus.follow();
      },
      sourcesRead(result, detail) {
        metrics.sourcesRead(result);
        const entry = {
          at: clock(),
          who: "relay",
          action: "reload",
          detail: `${result}: ${detail}`,
        } as const;
        void first.found.store.audit.record(entry).catch((error: unknown) => {
          log.warn({ err: error }, "a reload of the sources could not be written to the audit log");
        });
      },
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
