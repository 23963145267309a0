import { afterEach, describe, expect, it, vi } from "vitest";
import { createMetrics, type Scrape } from "./metrics.ts";

const counts = { waiting: 1, active: 2, delayed: 3, failed: 4, completed: 5 };

it("every outcome an operator has to tell apart has its own line", async () => {
  const metrics = createMetrics();
  metrics.event("shop", "accepted");
  metrics.event("shop", "accepted");
  metrics.spooled("shop");
  metrics.onSpool(() => 3);
  metrics.mapped("shop", "failed");
  metrics.delivery("busy");
  metrics.request("429", "limited", 0.2);
  metrics.parked("invalid");
  metrics.paused("unauthorized");
  metrics.storeError("accept");
  metrics.connectionDropped("full");
  metrics.adminTokenRefused("429");
  metrics.updatesPerRequest(4);
  metrics.acceptedToDelivered(2);
  metrics.onScrape(async () => ({
    queues: { events: counts, contacts: counts },
    rate: 8.5,
    ceiling: 10,
    pausedForMs: 1_500,
    reason: "limited",
  }));
  const { body, contentType } = await metrics.render();
  expect(contentType).toContain("text/plain");
  for (const line of [
    'relay_events_total{source="shop",outcome="accepted"} 2',
    'relay_spooled_total{source="shop"} 1',
    "relay_spool_events 3",
    'relay_mappings_total{source="shop",outcome="failed"} 1',
    'relay_deliveries_total{outcome="busy"} 1',
    'relay_api_requests_total{status="429",result="limited"} 1',
    'relay_parked_total{reason="invalid"} 1',
    'relay_pauses_total{reason="unauthorized"} 1',
    'relay_store_errors_total{where="accept"} 1',
    'relay_connections_dropped_total{reason="full"} 1',
    'relay_admin_tokens_refused_total{status="429"} 1',
    'relay_updates_per_request_bucket{le="5"} 1',
    'relay_accepted_to_delivered_seconds_bucket{le="5"} 1',
    'relay_queue_jobs{queue="contacts",state="delayed"} 3',
    "relay_rate_requests_per_second 8.5",
    "relay_rate_ceiling_requests_per_second 10",
    'relay_pause_seconds{reason="limited"} 1.5',
    'relay_pause_seconds{reason="unauthorized"} 0',
  ]) {
    expect(body).toContain(line);
  }
});

const scraped: Scrape = {
  queues: { events: counts, contacts: counts },
  rate: 8.5,
  ceiling: 10,
  pausedForMs: 1_500,
  reason: "limited",
};

describe("a store that does not answer", () => {
  afterEach(() => vi.useRealTimers());

  it.each<[string, () => Promise<Scrape>]>([
    ["refuses", () => Promise.reject(new Error("away"))],
    [
      "throws",
      () => {
        throw new Error("away");
      },
    ],
    ["hangs", () => new Promise(() => undefined)],
  ])("and %s does not take the other figures with it, and is counted", async (_how, read) => {
    vi.useFakeTimers();
    const metrics = createMetrics();
    metrics.event("shop", "accepted");
    metrics.onScrape(read);
    const rendering = metrics.render();
    await vi.advanceTimersByTimeAsync(2_000);
    const { body } = await rendering;
    expect(body).toContain('relay_events_total{source="shop",outcome="accepted"} 1');
    expect(body).toContain('relay_store_errors_total{where="scrape"} 1');
  });

  it("has no figures then: old ones would pass for current", async () => {
    const metrics = createMetrics();
    const figures = /^relay_(?:queue_jobs|rate_\w+|pause_seconds)(?:\{.*\})? /m;
    expect((await metrics.render()).body).not.toMatch(figures);
    metrics.onScrape(() => Promise.resolve(scraped));
    expect((await metrics.render()).body).toMatch(figures);
    metrics.onScrape(() => Promise.reject(new Error("away")));
    expect((await metrics.render()).body).not.toMatch(figures);
    metrics.onScrape(() => Promise.resolve(scraped));
    expect((await metrics.render()).body).toContain("relay_rate_requests_per_second 8.5");
  });
});

it("a pause that is over is told as zero", async () => {
  const metrics = createMetrics();
  metrics.onScrape(() => Promise.resolve(scraped));
  await metrics.render();
  const { reason: _over, ...running } = scraped;
  metrics.onScrape(() => Promise.resolve({ ...running, pausedForMs: 0 }));
  expect((await metrics.render()).body).toContain('relay_pause_seconds{reason="limited"} 0');
});

describe("the number of series is bounded", () => {
  it("a source that is not configured is counted as unknown", async () => {
    const metrics = createMetrics({ sources: new Set(["shop"]) });
    metrics.event("shop", "accepted");
    metrics.event("no-longer-configured", "accepted");
    metrics.mapped("no-longer-configured", "failed");
    const { body } = await metrics.render();
    expect(body).toContain('relay_events_total{source="shop",outcome="accepted"} 1');
    expect(body).toContain('relay_events_total{source="unknown",outcome="accepted"} 1');
    expect(body).toContain('relay_mappings_total{source="unknown",outcome="failed"} 1');
    expect(body).not.toContain("no-longer-configured");
  });

  it("whatever the callers say", async () => {
    const metrics = createMetrics();
    for (let index = 0; index < 500; index += 1) {
      metrics.event(`source-${index}`, "accepted");
      metrics.delivery(`outcome-${index}`);
      metrics.request(`status-${index}`, "ok", 1);
      metrics.parked(`reason-${index}`);
      metrics.storeError(`where-${index}`);
    }
    const { body } = await metrics.render();
    const families = ["events", "deliveries", "api_requests", "parked", "store_errors"];
    for (const family of families) {
      const series = body.match(new RegExp(`^relay_${family}_total\\{.*$`, "gm")) ?? [];
      expect(series.length, family).toBeGreaterThan(50);
      expect(series.length, family).toBeLessThanOrEqual(101);
      const total = series.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
      expect(total, family).toBe(500);
    }
  });
});

it("with several destinations each is counted by its name, and without a name nothing changes", async () => {
  const metrics = createMetrics({ ofProcess: false });
  const [acme, other] = [metrics.ofDestination("acme"), metrics.ofDestination("other")];
  for (const one of [acme, acme, other]) {
    one.delivery("delivered");
    one.request("200", "ok", 0.1);
    one.paused("limited");
    one.parked("refused");
  }
  acme.onScrape(() => Promise.resolve(scraped));
  other.onScrape(() => Promise.resolve({ ...scraped, rate: 3 }));
  acme.event("shop", "accepted");
  const { body } = await metrics.render();
  expect(body).toContain('relay_deliveries_total{outcome="delivered",destination="acme"} 2');
  expect(body).toContain('relay_api_requests_total{status="200",result="ok",destination="other"} 1');
  expect(body).toContain('relay_pauses_total{reason="limited",destination="acme"} 2');
  expect(body).toContain('relay_parked_total{reason="refused",destination="other"} 1');
  expect(body).toContain('relay_rate_requests_per_second{destination="other"} 3');
  expect(body).toContain('relay_events_total{source="shop",outcome="accepted"} 1');
});

it("a clock that was set back neither throws nor takes from a sum", async () => {
  const metrics = createMetrics();
  metrics.acceptedToDelivered(-5);
  metrics.request("200", "ok", Number.NaN);
  metrics.updatesPerRequest(3);
  const { body } = await metrics.render();
  expect(body).toContain("relay_accepted_to_delivered_seconds_sum 0");
  expect(body).toContain("relay_accepted_to_delivered_seconds_count 1");
  expect(body).toContain('relay_api_requests_total{status="200",result="ok"} 1');
  expect(body).toContain("relay_api_request_seconds_count 0");
});

it("the process itself is measured under the same prefix, and nothing lacks it", async () => {
  const { body } = await createMetrics().render();
  expect(body).toContain("relay_process_resident_memory_bytes");
  expect(body).toContain("relay_nodejs_eventloop_lag_seconds");
  const names = [...body.matchAll(/^([a-z_]+)/gm)].map(([, name]) => name ?? "");
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !name.startsWith("relay_"))).toEqual([]);
});

it("two relays in one process do not share their figures", async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.event("shop", "accepted");
  expect((await other.render()).body).not.toContain('source="shop"');
});
