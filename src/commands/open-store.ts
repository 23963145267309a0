import type { Config, StoreSettings } from "../config.ts";
import { openEmbeddedStore } from "../store/postgres/embedded.ts";
import { openPostgresStore } from "../store/postgres/server.ts";
import { openRedisStore } from "../store/redis/index.ts";
import type { Store, StoreOptions } from "../store/store.ts";

export type OpenedStore = { ok: true; store: Store } | { ok: false; message: string };

/** Opens the store that the configuration names. Every reason it cannot is a message for a person. */
export async function openStore(config: Config, onError: StoreOptions["onError"]): Promise<OpenedStore> {
  return await openStoreAt(config.store, {
    prefix: config.storePrefix,
    ceiling: config.api.ratePerSecond,
    retentionMs: config.retentionMs,
    retentionEvents: config.retentionEvents,
    onError,
  });
}

export async function openStoreAt(place: StoreSettings, options: StoreOptions): Promise<OpenedStore> {
  try {
    switch (place.engine) {
      case "embedded":
        return await openEmbeddedStore(place.dataDir, options);
      case "postgres":
        return { ok: true, store: await openPostgresStore(place.url, options) };
      case "redis":
        return { ok: true, store: await openRedisStore(place.url, options) };
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the ${place.engine} store cannot be opened: ${why}` };
  }
}
