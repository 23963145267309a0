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
  mapped(source: string, outcome: string): void;
  delivery(outcome: string): void;
  /** One request to the API: its status, or `network`, `timeout`. */
  request(status: string, seconds: number): void;
  updatesPerRequest(count: number): void;
  acceptedToDelivered(seconds: number): void;
  parked(reason: string): void;
  storeError(where: string): void;
  onScrape(read: () => Promise<Scrape>): void;
  render(): Promise<{ contentType: string; body: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "relay_" });

  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `relay_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name: `relay_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `relay_${name}`, help, buckets, registers });

  const events = counter("events_total", "Inbound events by source and outcome", ["source", "outcome"]);
  const mappings = counter("mappings_total", "Mapped events by source and outcome", ["source", "outcome"]);
  const deliveries = counter("deliveries_total", "Runs of a contact's delivery by outcome", ["outcome"]);
  const requests = counter("api_requests_total", "Requests to the API by status", ["status"]);
  const parked = counter("parked_total", "Updates set aside for a person by reason", ["reason"]);
  const storeErrors = counter("store_errors_total", "Errors of the store by place", ["where"]);
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
  const jobs = gauge("queue_jobs", "Jobs by queue and state", ["queue", "state"]);
  const rate = gauge("rate_requests_per_second", "Current pace of requests to the API", []);
  const ceiling = gauge("rate_ceiling_requests_per_second", "Configured ceiling of the pace", []);
  const pause = gauge("pause_seconds", "Rest of the pause of the API, by reason", ["reason"]);
  let read: (() => Promise<Scrape>) | undefined;

  async function scrape(): Promise<void> {
    if (!read) return;
    const now = await read();
    for (const [queue, states] of Object.entries(now.queues)) {
      for (const [state, count] of Object.entries(states)) jobs.set({ queue, state }, count);
    }
    rate.set(now.rate);
    ceiling.set(now.ceiling);
    for (const reason of pauseReasons) {
      pause.set({ reason }, now.reason === reason ? now.pausedForMs / 1_000 : 0);
    }
  }

  return {
    event: (source, outcome) => events.inc({ source, outcome }),
    mapped: (source, outcome) => mappings.inc({ source, outcome }),
    delivery: (outcome) => deliveries.inc({ outcome }),
    request(status, seconds) {
      requests.inc({ status });
      requestSeconds.observe(seconds);
    },
    updatesPerRequest: (count) => updates.observe(count),
    acceptedToDelivered: (seconds) => delay.observe(seconds),
    parked: (reason) => parked.inc({ reason }),
    storeError: (where) => storeErrors.inc({ where }),
    onScrape(callback) {
      read = callback;
    },
    async render() {
      // A store that is away must not take the other figures with it.
      await scrape().catch(() => storeErrors.inc({ where: "scrape" }));
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
