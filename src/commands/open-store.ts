import type { Config } from "../config.ts";
import { openEmbeddedStore } from "../store/postgres/embedded.ts";
import { openPostgresStore } from "../store/postgres/server.ts";
import { openRedisStore } from "../store/redis/index.ts";
import type { Store, StoreOptions } from "../store/store.ts";

export type OpenedStore = { ok: true; store: Store } | { ok: false; message: string };

/** Opens the store that the configuration names. Every reason it cannot is a message for a person. */
export async function openStore(config: Config, onError: StoreOptions["onError"]): Promise<OpenedStore> {
  const options: StoreOptions = {
    prefix: config.storePrefix,
    ceiling: config.api.ratePerSecond,
    retentionMs: config.retentionMs,
    retentionEvents: config.retentionEvents,
    onError,
  };
  try {
    switch (config.store.engine) {
      case "embedded":
        return await openEmbeddedStore(config.store.dataDir, options);
      case "postgres":
        return { ok: true, store: await openPostgresStore(config.store.url, options) };
      case "redis":
        return { ok: true, store: await openRedisStore(config.store.url, options) };
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the ${config.store.engine} store cannot be opened: ${why}` };
  }
}
