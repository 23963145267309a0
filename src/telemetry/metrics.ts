import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** What only a look at the store can tell, asked for at every scrape. */
export interface Scrape {
  readonly queues: Readonly<Record<"events" | "contacts", Readonly<Record<QueueState, number>>>>;
  readonly rate: number;
  readonly ceiling: number;
  readonly pausedForMs: number;
  readonly reason?: string;
}

type QueueState = "waiting" | "active" | "delayed" | "failed" | "completed";

const pauseReasons = ["limited", "unauthorized", "failing"];

/** Everything that is counted, by what it means; names start with `relay_`. */
export interface Metrics {
  /** One inbound event (or a request without one) by source and outcome. */
  event(source: string, outcome: string): void;
  /** One event that the store did not take and the spool did. */
  spooled(source: string): void;
  mapped(source: string, outcome: string): void;
  /** A source's payloads are not what they were. */
  shapeChanged(source: string, change: string): void;
  delivery(outcome: string): void;
  /** One request to the API: its status, or `network`, `timeout`; and what that was taken for. */
  request(status: string, result: string, seconds: number): void;
  /** The whole destination was paused. */
  paused(reason: string): void;
  updatesPerRequest(count: number): void;
  acceptedToDelivered(seconds: number): void;
  parked(reason: string): void;
  /** The workspace's custom fields were asked for: `read`, `forbidden` or `unavailable`. */
  fieldsRead(result: string): void;
  storeError(where: string): void;
  /** All places were taken: a new connection was refused (`full`), or one that asked for nothing closed (`idle`). */
  connectionDropped(reason: "full" | "idle"): void;
  /** So many messages that a source pulls: `fetched`, `stored`, `duplicate`, `parked` or `lost`. */
  bus(source: string, outcome: string, messages: number): void;
  /** Events of replays by a filter: `replayed`, `skipped`, or `failed` where they could not be mapped again. */
  replayEvents(outcome: string, events: number): void;
  /** A notice that a person is needed, or is not any more: `sent`, `failed`, or `given-up` after a day. */
  notice(kind: string, outcome: string): void;
  /** How many replays this process carries out, asked at every scrape, for each destination that called this. */
  onReplays(count: () => number): void;
  /** Asked at every scrape. */
  onBus(read: () => readonly BusFigures[]): void;
  /** Sources were read anew while the relay runs. */
  sourcesRead(result: "taken" | "rejected"): void;
  /** A wrong admin token, by the answer that it got: `401`, or `429` after many of them. */
  adminTokenRefused(status: "401" | "429"): void;
  /** Asked at every scrape, once for each destination that called this. */
  onScrape(read: () => Promise<Scrape>): void;
  /** How many events lie in the spool: asked for at every scrape, whatever the store does. */
  onSpool(count: () => number): void;
  render(): Promise<{ contentType: string; body: string }>;
  /** The same, where what concerns one of several destinations is counted by its name. */
  ofDestination(name: string): Metrics;
}

/** How it stands with what one source pulls; null where the broker does not say. */
export interface BusFigures {
  readonly source: string;
  readonly up: boolean;
  readonly lag: number | null;
  readonly pending: number | null;
}

export interface MetricsOptions {
  /** The configured sources; any other is counted as `unknown`. Without them every source keeps its name. */
  readonly sources?: { has(name: string): boolean };
  /** Whether the process itself is measured too, which costs a little all the time. */
  readonly ofProcess?: boolean;
}

/** How long a scrape waits for the store before it goes without its figures. */
const scrapeDeadlineMs = 2_000;

/** More values than this of one label would be a mistake, and every one costs memory here and at Prometheus. */
const labelValuesMax = 100;

export function createMetrics({ sources, ofProcess = true }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (ofProcess) collectDefaultMetrics({ register: registry, prefix: "relay_" });

  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `relay_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name: `relay_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `relay_${name}`, help, buckets, registers });

  const events = counter("events_total", "Inbound events by source and outcome", ["source", "outcome"]);
  const spooled = counter("spooled_total", "Events kept in the spool because the store did not take them", [
    "source",
  ]);
  const mappings = counter("mappings_total", "Mapped events by source and outcome", ["source", "outcome"]);
  const shapes = counter("shape_changes_total", "Changes noticed in a source's payloads", [
    "source",
    "change",
  ]);
  const deliveries = counter("deliveries_total", "Runs of a contact's delivery by outcome", [
    "outcome",
    "destination",
  ]);
  const requests = counter("api_requests_total", "Requests to the API by status and by what it means", [
    "status",
    "result",
    "destination",
  ]);
  const pauses = counter("pauses_total", "Pauses of all requests by reason", ["reason", "destination"]);
  const parked = counter("parked_total", "Updates set aside for a person by reason", [
    "reason",
    "destination",
  ]);
  const fieldReads = counter("field_reads_total", "Readings of the workspace's custom fields by result", [
    "result",
    "destination",
  ]);
  const storeErrors = counter("store_errors_total", "Errors of the store by place", ["where"]);
  const dropped = counter(
    "connections_dropped_total",
    "Connections refused or closed because MAX_CONNECTIONS are open",
    ["reason"],
  );
  const tokens = counter("admin_tokens_refused_total", "Wrong admin tokens by the answer they got", [
    "status",
  ]);
  const reloads = counter("sources_reloads_total", "Sources read anew while the relay runs, by result", [
    "result",
  ]);
  const messages = counter("bus_messages_total", "Messages pulled from a bus by source and outcome", [
    "source",
    "outcome",
  ]);
  const notices = counter("notices_total", "Notices that a person is needed, by kind and outcome", [
    "kind",
    "outcome",
  ]);
  const busUp = gauge("bus_up", "1 while the bus of a source answers", ["source"]);
  const busLag = gauge("bus_lag", "Messages on the bus that nobody has been given yet", ["source"]);
  const busPending = gauge("bus_pending", "Messages given to a relay and not acknowledged yet", ["source"]);
  const requestSeconds = histogram(
    "api_request_seconds",
    "Duration of requests to the API",
    [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );
  const updates = histogram(
    "updates_per_request",
    "Updates merged into one request",
    [1, 2, 3, 5, 10, 20, 50, 100],
  );
  const delay = histogram(
    "accepted_to_delivered_seconds",
    "From the acceptance of an event to its delivery",
    [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400],
  );
  const jobs = gauge("queue_jobs", "Jobs by queue and state", ["queue", "state", "destination"]);
  const rate = gauge("rate_requests_per_second", "Current pace of requests to the API", ["destination"]);
  const ceiling = gauge("rate_ceiling_requests_per_second", "Configured ceiling of the pace", [
    "destination",
  ]);
  const pause = gauge("pause_seconds", "Rest of the pause of the API, by reason", ["reason", "destination"]);
  const spool = gauge("spool_events", "Events in the spool that are not in the store yet", []);
  const replays = gauge("replays_running", "Replays by a filter that this process carries out", [
    "destination",
  ]);
  const replayed = counter("replay_events_total", "Events of replays by a filter, by outcome", [
    "outcome",
    "destination",
  ]);
  const countEvent = children(events);
  const countMapping = children(mappings);
  const source = sources ? oneOf(sources, "unknown") : bounded("unknown");
  const outcome = bounded("other");
  const reason = bounded("other");
  const status = bounded("other");
  const result = bounded("other");
  const place = bounded("other");
  const scrapes = new Map<string, { readonly read: () => Promise<Scrape>; readonly whose: Whose }>();
  const replayCounts = new Map<string, { readonly count: () => number; readonly whose: Whose }>();
  let countSpool = () => 0;
  let readBus: () => readonly BusFigures[] = () => [];

  async function scrape(): Promise<void> {
    const reading = [...scrapes.values()].map(async ({ read, whose }) => ({ whose, now: await read() }));
    for (const { whose, now } of await withinDeadline(Promise.all(reading), scrapeDeadlineMs)) {
      for (const [queue, states] of Object.entries(now.queues)) {
        for (const [state, count] of Object.entries(states)) jobs.set({ queue, state, ...whose }, count);
      }
      rate.set(whose, now.rate);
      ceiling.set(whose, now.ceiling);
      for (const reason of pauseReasons) {
        const seconds = now.reason === reason ? Math.max(1, now.pausedForMs) / 1_000 : 0;
        pause.set({ reason, ...whose }, seconds);
      }
    }
  }

  /** Figures of a store that does not answer are left out: old ones would pass for current. */
  function forget(): void {
    for (const figures of [jobs, pause, rate, ceiling]) figures.reset();
    storeErrors.inc({ where: place("scrape") });
  }
  function showBus(): void {
    for (const figures of [busUp, busLag, busPending]) figures.reset();
    for (const { source: name, up, lag, pending } of readBus()) {
      busUp.set({ source: name }, up ? 1 : 0);
      if (lag !== null) busLag.set({ source: name }, lag);
      if (pending !== null) busPending.set({ source: name }, pending);
    }
  }

  const own = ofDestination({});
  const metrics: Metrics = {
    ...own,
    event: (name, became) => countEvent({ source: source(name), outcome: outcome(became) }).inc(),
    spooled: (name) => spooled.inc({ source: source(name) }),
    mapped: (name, became) => countMapping({ source: source(name), outcome: outcome(became) }).inc(),
    shapeChanged: (name, change) => shapes.inc({ source: source(name), change: reason(change) }),
    updatesPerRequest: (count) => observe(updates, count),
    acceptedToDelivered: (seconds) => observe(delay, seconds),
    storeError: (where) => storeErrors.inc({ where: place(where) }),
    connectionDropped: (why) => dropped.inc({ reason: why }),
    bus(name, became, count) {
      if (count > 0) messages.inc({ source: source(name), outcome: became }, count);
    },
    notice: (kind, became) => notices.inc({ kind, outcome: became }),
    onBus(callback) {
      readBus = callback;
    },
    sourcesRead: (result) => reloads.inc({ result }),
    adminTokenRefused: (answer) => tokens.inc({ status: answer }),
    ofDestination: (name) => ({ ...metrics, ...ofDestination({ destination: name }) }),
    onSpool(callback) {
      countSpool = callback;
    },
    async render() {
      // A store that is away must not take the other figures with it.
      await scrape().catch(forget);
      spool.set(countSpool());
      showBus();
      for (const { count, whose } of replayCounts.values()) replays.set(whose, count());
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
  return metrics;

  function ofDestination(whose: Whose): DestinationMetrics {
    const countDelivery = children(deliveries, whose);
    return {
      delivery: (became) => countDelivery({ outcome: outcome(became) }).inc(),
      request(answer, meaning, seconds) {
        requests.inc({ status: status(answer), result: result(meaning), ...whose });
        observe(requestSeconds, seconds);
      },
      paused: (why) => pauses.inc({ reason: reason(why), ...whose }),
      parked: (why) => parked.inc({ reason: reason(why), ...whose }),
      fieldsRead: (became) => fieldReads.inc({ result: result(became), ...whose }),
      replayEvents: (became, count) => replayed.inc({ outcome: became, ...whose }, count),
      onReplays: (count) => void replayCounts.set(whose.destination ?? "", { count, whose }),
      onScrape: (read) => void scrapes.set(whose.destination ?? "", { read, whose }),
    };
  }
}

/** The label of what concerns one of several destinations; none where there is one. */
type Whose = { readonly destination?: string };
type DestinationMetrics = Pick<
  Metrics,
  "delivery" | "request" | "paused" | "parked" | "fieldsRead" | "replayEvents" | "onReplays" | "onScrape"
>;

/** The counter of these values, which are few; looking one up by its labels costs more than counting. */
function children(
  counter: Counter,
  always: Readonly<Record<string, string>> = {},
): (labels: Readonly<Record<string, string>>) => Counter.Internal {
  const known = new Map<string, Counter.Internal>();
  return (labels) => {
    const key = Object.values(labels).join("\n");
    const child = known.get(key) ?? counter.labels({ ...labels, ...always });
    known.set(key, child);
    return child;
  };
}

function oneOf(known: { has(name: string): boolean }, otherwise: string): (name: string) => string {
  return (name) => (known.has(name) ? name : otherwise);
}

function bounded(otherwise: string): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.size < labelValuesMax) seen.add(value);
    return seen.has(value) ? value : otherwise;
  };
}

/** A clock that was set back must neither throw in the middle of a delivery nor take from the sum. */
function observe(histogram: Histogram, value: number): void {
  if (Number.isFinite(value)) histogram.observe(Math.max(0, value));
}

async function withinDeadline<Value>(work: Promise<Value>, deadlineMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
