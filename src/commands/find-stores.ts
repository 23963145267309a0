import type { Config } from "../config.ts";
import { openLate, type OpenedStore } from "../store/late.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { openEmbedded, openStore, type StoreListeners } from "./open-store.ts";
import { createStoreLog } from "./store-log.ts";
import type { Workspace } from "./workspaces.ts";

/** Health is answered, and webhooks are refused, from this long after the start even when the store is away. */
const storeGraceMs = 2_000;

/** The store of a workspace. It refuses everything until the one behind it is there. */
export interface FoundStore {
  readonly store: Store;
  /** Settles when it is there, was refused for good, or (undefined) was closed before. */
  readonly opened: Promise<OpenedStore | undefined>;
  readonly isOpen: boolean;
}

export type FoundStores =
  | { readonly ok: true; readonly stores: readonly FoundStore[] }
  | { readonly ok: false; readonly message: string };

/**
 * The store of each workspace, in their order. What is there is opened before anything else; a server that is away is
 * waited for beside the rest.
 */
export async function findStores(
  config: Config,
  workspaces: readonly Workspace[],
  log: Logger,
  metrics: Metrics,
): Promise<FoundStores> {
  const storeLog = createStoreLog(log, Date.now);
  const listeners = (isOpen: () => boolean): StoreListeners => ({
    onError(error, where) {
      metrics.storeError(where);
      // Until then the outcome of the opening says it all.
      if (isOpen()) storeLog.error(error, where);
    },
    onNote: storeLog.note,
  });
  if (config.store.engine === "embedded") {
    let isOpen = false;
    const opened = await openEmbedded(
      config,
      config.store.dataDir,
      workspaces,
      listeners(() => isOpen),
    );
    if (!opened.ok) return opened;
    isOpen = true;
    const found = (store: Store) => ({
      store,
      opened: Promise.resolve({ ok: true, store } as const),
      isOpen,
    });
    return { ok: true, stores: opened.stores.map(found) };
  }
  const { engine } = config.store;
  const waited = workspaces.map((workspace, index) => {
    let isOpen = false;
    const heard = listeners(() => isOpen);
    // The server is one and the same: what there is to tell of it is told once.
    const notes = index === 0 ? heard : { onError: heard.onError };
    const open = async (signal: AbortSignal): Promise<OpenedStore> => {
      const opened = await openStore(config, workspace, { ...notes, signal }, workspaces.length);
      isOpen = opened.ok;
      return opened;
    };
    return openLate({ engine, open, graceMs: storeGraceMs, onAway: storeLog.away });
  });
  const firsts = await Promise.all(waited.map(({ first }) => first));
  const refused = firsts.find((first) => first?.ok === false && first.final);
  if (refused?.ok === false) {
    await Promise.all(waited.map(({ store }) => store.close(storeGraceMs)));
    return { ok: false, message: refused.message };
  }
  const stores = waited.map(({ store, settled }, index) => ({
    store,
    opened: settled,
    isOpen: firsts[index]?.ok === true,
  }));
  return { ok: true, stores };
}
