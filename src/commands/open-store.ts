import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Config, StoreSettings } from "../config.ts";
import { openEmbeddedStore, openEmbeddedStores, type EmbeddedStores } from "../store/postgres/embedded.ts";
import { directoryOwner } from "../store/postgres/directory-lock.ts";
import { lookAtPostgres, openPostgresStore } from "../store/postgres/server.ts";
import type { OpenedStore } from "../store/late.ts";
import { reasonOf } from "../store/reason.ts";
import { openRedisStore } from "../store/redis/index.ts";
import { lookAtRedis } from "../store/redis/look.ts";
import { StoreRefused } from "../store/refused.ts";
import type { StoreNote, StoreOptions } from "../store/store.ts";
import type { Workspace } from "./workspaces.ts";

/** Opening a directory makes a store of it, which whoever only asks must not. */
export function holdsStore(dataDir: string): boolean {
  return existsSync(join(dataDir, "pg"));
}

export type StoreListeners = Pick<StoreOptions, "onError" | "onNote" | "scrubAtClose" | "signal">;

type Namespace = Pick<Workspace, "prefix"> & { readonly api: Pick<Config["api"], "ratePerSecond"> };

function optionsOf(config: Config, { prefix, api }: Namespace, listeners: StoreListeners): StoreOptions {
  const { retentionMs, retentionEvents, auditMs } = config;
  return { prefix, ceiling: api.ratePerSecond, retentionMs, retentionEvents, auditMs, ...listeners };
}

/**
 * Opens a workspace's store, at once or not at all. Every reason is a message for a person.
 *
 * @param beside how many are opened on the same server: they share what connections it has
 */
export async function openStore(
  config: Config,
  namespace: Namespace,
  listeners: StoreListeners,
  beside = 1,
): Promise<OpenedStore> {
  return await openStoreAt(config.store, { ...optionsOf(config, namespace, listeners), beside });
}

/** Opens the stores of all these, which are kept in one directory. */
export async function openEmbedded(
  config: Config,
  dataDir: string,
  namespaces: readonly Namespace[],
  listeners: StoreListeners,
): Promise<EmbeddedStores> {
  return await openEmbeddedStores(
    dataDir,
    namespaces.map((namespace) => optionsOf(config, namespace, listeners)),
  );
}

/** What can be told of a store without writing to it or making one. */
export interface StoreLook {
  readonly notes: readonly StoreNote[];
  /** Why a relay could not start on it, or would take no events; undefined where it could and would. */
  readonly problem?: string | undefined;
}

export async function lookAtStore(config: Config): Promise<StoreLook> {
  const { store: place, storePrefix: prefix } = config;
  try {
    switch (place.engine) {
      case "embedded":
        return await lookAtDirectory(place.dataDir);
      case "postgres":
        return { notes: await lookAtPostgres(place.url, prefix) };
      case "redis": {
        const { notes, refuses } = await lookAtRedis(place.url, {
          prefix,
          allowEviction: place.allowEviction,
        });
        return { notes, problem: refuses };
      }
    }
  } catch (error) {
    return { notes: [], problem: `the ${place.engine} store cannot be opened: ${reasonOf(error)}` };
  }
}

async function lookAtDirectory(dataDir: string): Promise<StoreLook> {
  const told = (message: string): StoreLook => ({ notes: [{ level: "info", message }] });
  const owner = await directoryOwner(dataDir);
  if (owner !== undefined) return told(`${dataDir} is in use by ${owner}`);
  // A directory that is not there yet is made below the first one that is.
  let there = resolve(dataDir);
  while (!existsSync(there) && there !== dirname(there)) there = dirname(there);
  accessSync(there, constants.W_OK | constants.X_OK);
  if (!statSync(there).isDirectory()) throw new Error(`${there} is no directory`);
  return told(
    holdsStore(dataDir) ? `${dataDir} holds a store` : `${dataDir} is where the first start makes it`,
  );
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
