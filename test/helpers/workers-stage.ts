import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LookupGet } from "../../src/delivery/lookup.ts";
import { createShapeWatch } from "../../src/delivery/shape-watch.ts";
import { startWorkers, type Workers } from "../../src/delivery/workers.ts";
import { eventsRoutes } from "../../src/http/events.ts";
import { providers } from "../../src/providers/registry.ts";
import { sourcesFromYaml } from "../../src/sources/load.ts";
import { openEmbeddedStore } from "../../src/store/postgres/embedded.ts";
import type { Store } from "../../src/store/store.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { documented } from "./documented.ts";
import { placeDatabase } from "./embedded-template.ts";
import { sampleOptions } from "./store-samples.ts";
import { noTracing } from "../../src/telemetry/tracing.ts";

export interface WorkersStage {
  readonly store: Store;
  /** Starts workers that send nothing. */
  start(yaml: string, lookup?: LookupGet): Workers;
  /** An event as an operator sees it. */
  shown(id: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const never: LookupGet = () => Promise.reject(new Error("nobody is to be asked here"));
const hourMs = 3_600_000;

/** An embedded store whose events are worked on in this process. */
export async function openWorkersStage(): Promise<WorkersStage> {
  const directory = await mkdtemp(join(tmpdir(), "relay-workers-"));
  await placeDatabase(directory);
  const opened = await openEmbeddedStore(directory, sampleOptions());
  if (!opened.ok) throw new Error(opened.message);
  const { store } = opened;
  const routes = eventsRoutes(
    { store, sources: new Map(), bodyLimitBytes: 1_000, clock: Date.now },
    async () => undefined,
  );
  return {
    store,
    start(yaml, lookup = never) {
      const loaded = sourcesFromYaml(yaml, "sources.yaml", {}, providers);
      if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
      return startWorkers({
        store,
        sources: new Map(loaded.sources.map((source) => [source.name, source])),
        lookup,
        create: async () => ({ kind: "nothing-to-send" }),
        send: () => Promise.reject(new Error("nothing is to be sent here")),
        shapes: createShapeWatch(Date.now),
        policy: {
          maxAgeMs: hourMs,
          busy: { firstMs: hourMs, maxMs: hourMs },
          retry: { firstMs: hourMs, maxMs: hourMs },
          requireFirstName: false,
          missing: "park",
          holdMs: hourMs,
        },
        ceiling: 10,
        clock: Date.now,
        random: () => 0,
        log: createLogger({ level: "silent" }),
        metrics: createMetrics(),
        tracing: noTracing,
      });
    },
    async shown(id) {
      const path = `/admin/events/${id}`;
      const response = await documented("GET", path, await routes.request(path));
      return (await response.json()) as Record<string, unknown>;
    },
    async close() {
      await store.close(5_000);
      await rm(directory, { recursive: true });
    },
  };
}
