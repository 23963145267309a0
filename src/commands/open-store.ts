import type { Config, StoreSettings } from "../config.ts";
import { openEmbeddedStore } from "../store/postgres/embedded.ts";
import { openPostgresStore } from "../store/postgres/server.ts";
import type { OpenedStore } from "../store/late.ts";
import { reasonOf } from "../store/reason.ts";
import { openRedisStore } from "../store/redis/index.ts";
import { StoreRefused } from "../store/refused.ts";
import type { StoreOptions } from "../store/store.ts";

export type StoreListeners = Pick<StoreOptions, "onError" | "onNote" | "scrubAtClose" | "signal">;

/** Opens the store that the configuration names, at once or not at all. Every reason is a message for a person. */
export async function openStore(config: Config, listeners: StoreListeners): Promise<OpenedStore> {
  return await openStoreAt(config.store, {
    prefix: config.storePrefix,
    ceiling: config.api.ratePerSecond,
    retentionMs: config.retentionMs,
    retentionEvents: config.retentionEvents,
    ...listeners,
  });
}

export async function openStoreAt(place: StoreSettings, options: StoreOptions): Promise<OpenedStore> {
  try {
    switch (place.engine) {
      case "embedded": {
        const opened = await openEmbeddedStore(place.dataDir, options);
        return opened.ok ? opened : { ...opened, final: true };
      }
      case "postgres":
        return { ok: true, store: await openPostgresStore(place.url, options) };
      case "redis": {
        const { url, allowEviction } = place;
        return { ok: true, store: await openRedisStore(url, { ...options, allowEviction }) };
      }
    }
  } catch (error) {
    const final = error instanceof StoreRefused;
    return { ok: false, final, message: `the ${place.engine} store cannot be opened: ${reasonOf(error)}` };
  }
}
