import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LookupGet } from "../src/delivery/lookup.ts";
import { createShapeWatch } from "../src/delivery/shape-watch.ts";
import { startWorkers } from "../src/delivery/workers.ts";
import { eventsRoutes } from "../src/http/events.ts";
import { providers } from "../src/providers/registry.ts";
import { sourcesFromYaml } from "../src/sources/load.ts";
import { openEmbeddedStore } from "../src/store/postgres/embedded.ts";
import type { Store } from "../src/store/store.ts";
import { createLogger } from "../src/telemetry/logger.ts";
import { createMetrics } from "../src/telemetry/metrics.ts";
import { until } from "./helpers/relay-process.ts";
import { sampleEvent, sampleOptions } from "./helpers/store-samples.ts";

const yaml = `
sources:
  leads: { provider: meta-lead-ads, secret: s, verify_token: v, access_token: t }
  shop: { provider: shopify, secret: s }
`;
const expired = { error: { code: 190, error_subcode: 463, type: "OAuthException" } };

describe("a lead that cannot be fetched", () => {
  let directory: string;
  let store: Store;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "relay-leads-"));
    const opened = await openEmbeddedStore(directory, sampleOptions());
    if (!opened.ok) throw new Error(opened.message);
    store = opened.store;
  });
  afterAll(async () => {
    await store.close(5_000);
    await rm(directory, { recursive: true });
  });

  function start(lookup: LookupGet) {
    const loaded = sourcesFromYaml(yaml, "sources.yaml", {}, providers);
    if (!loaded.ok) throw new Error(loaded.problems.join());
    const sources = new Map(loaded.sources.map((source) => [source.name, source]));
    const retry = { firstMs: 1_000, maxMs: 1_000 };
    const workers = startWorkers({
      store,
      sources,
      lookup,
      send: () => Promise.reject(new Error("nothing is to be sent here")),
      shapes: createShapeWatch(Date.now),
      policy: { maxAgeMs: 3_600_000, busy: retry, retry, requireFirstName: false },
      ceiling: 10,
      clock: Date.now,
      random: () => 0,
      log: createLogger({ level: "silent" }),
      metrics: createMetrics(),
    });
    const routes = eventsRoutes({ store, sources, bodyLimitBytes: 1_000, clock: Date.now });
    const shown = async (id: string) =>
      (await (await routes.request(`/admin/events/${id}`)).json()) as Record<string, unknown>;
    return { workers, shown };
  }

  const leadOf = (id: number) =>
    sampleEvent({
      source: "leads",
      provider: "meta-lead-ads",
      type: "leadgen",
      receivedAt: Date.now(),
      payload: JSON.stringify({ leadgen_id: String(id) }),
    });

  it("waits, shown with what to do about it; the next one asks nothing, and says the same", async () => {
    let asked = 0;
    const { workers, shown } = start(async () => {
      asked += 1;
      return { kind: "answer", status: 400, headers: {}, text: JSON.stringify(expired) };
    });
    try {
      const leads = [leadOf(1), leadOf(2)];
      for (const lead of leads) {
        await store.events.accept([lead]);
        await until(async () => (await shown(lead.id))["state"] === "delayed", 20_000, "the delay");
        expect(await shown(lead.id)).toMatchObject({
          outcome: "pending",
          reason: expect.stringMatching(/code 190, subcode 463.*META_LEAD_ADS_ACCESS_TOKEN/),
        });
      }
      expect(asked).toBe(1);
    } finally {
      await workers.close();
    }
  });

  it("keeps no order of a shop waiting while its API hangs", async () => {
    let release: () => void = () => undefined;
    const { workers, shown } = start(async () => {
      await new Promise<void>((resolve) => (release = resolve));
      return { kind: "unreachable", message: "no answer in time" };
    });
    try {
      const order = sampleEvent({ payload: '{"id":1}' });
      await store.events.accept([...Array.from({ length: 20 }, (_, index) => leadOf(10 + index)), order]);
      await until(async () => (await shown(order.id))["outcome"] === "ignored", 20_000, "the order");
    } finally {
      release();
      await workers.close();
    }
  });
});
