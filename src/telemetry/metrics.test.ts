import { expect, it } from "vitest";
import { createMetrics } from "./metrics.ts";

const counts = { waiting: 1, active: 2, delayed: 3, failed: 4, completed: 5 };

it("every outcome an operator has to tell apart has its own line", async () => {
  const metrics = createMetrics();
  metrics.event("shop", "accepted");
  metrics.event("shop", "accepted");
  metrics.mapped("shop", "failed");
  metrics.delivery("busy");
  metrics.request("429", 0.2);
  metrics.parked("invalid");
  metrics.storeError("accept");
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
    'relay_mappings_total{source="shop",outcome="failed"} 1',
    'relay_deliveries_total{outcome="busy"} 1',
    'relay_api_requests_total{status="429"} 1',
    'relay_parked_total{reason="invalid"} 1',
    'relay_store_errors_total{where="accept"} 1',
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

it("a store that is away does not take the other figures with it, and is counted", async () => {
  const metrics = createMetrics();
  metrics.event("shop", "accepted");
  metrics.onScrape(() => Promise.reject(new Error("away")));
  const { body } = await metrics.render();
  expect(body).toContain('relay_events_total{source="shop",outcome="accepted"} 1');
  expect(body).toContain('relay_store_errors_total{where="scrape"} 1');
});

it("two relays in one process do not share their figures", async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.event("shop", "accepted");
  expect((await other.render()).body).not.toContain('source="shop"');
});
