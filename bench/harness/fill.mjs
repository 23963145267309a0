// Puts orders into a store as if they had been accepted, without a sender in the way.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { monotonicFactory } from "ulid";
import { openEmbeddedStore } from "../../dist/store/postgres/embedded.js";
import { openPostgresStore } from "../../dist/store/postgres/server.js";
import { openRedisStore } from "../../dist/store/redis/index.js";
import { orderBody } from "./orders.mjs";

const batch = 200;

export async function openStore(target, directory) {
  const hourMs = 3_600_000;
  const options = {
    prefix: "relay",
    ceiling: 10,
    retentionMs: 168 * hourMs,
    retentionEvents: 100_000,
    onError: () => undefined,
  };
  switch (target.engine) {
    case "Redis":
      return await openRedisStore(target.server.url, options);
    case "PostgreSQL":
      return await openPostgresStore(target.server.url, options);
    default: {
      const opened = await openEmbeddedStore(join(directory, "data"), options);
      if (!opened.ok) throw new Error(opened.message);
      return opened.store;
    }
  }
}

/** Accepts `count` orders, each of a person of its own. */
export async function fill(target, directory, { count, bytes = 1_000 }) {
  const store = await openStore(target, directory);
  const nextId = monotonicFactory();
  for (let from = 0; from < count; from += batch) {
    const now = Date.now();
    const events = Array.from({ length: Math.min(batch, count - from) }, (_, index) => {
      const payload = orderBody(from + index, { bytes, now });
      return {
        id: `evt_${nextId(now)}`,
        source: "shopify",
        provider: "shopify",
        identity: createHash("sha256").update(payload).digest("base64url"),
        type: "orders/create",
        attributes: {},
        occurredAt: now,
        receivedAt: now,
        replay: 0,
        payload,
      };
    });
    await store.events.accept(events);
  }
  await store.close(30_000);
}
