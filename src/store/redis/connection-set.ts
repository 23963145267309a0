import type { StoreOptions } from "../store.ts";
import type { RedisAddress } from "./address.ts";
import { producerConnection, workerConnection, type RedisClient } from "./connections.ts";

/** Connections that are let go together, those among them that BullMQ made by copying one of ours. */
export interface Connections {
  producer(): RedisClient;
  worker(where: string): RedisClient;
  /** A set within this one. */
  group(): Pick<Connections, "worker" | "disconnect">;
  /** What the first connections failed with: ioredis itself only says that they were closed. */
  lastError(): Error | undefined;
  disconnect(): void;
}

export function createConnections(address: RedisAddress, onError: StoreOptions["onError"]): Connections {
  const all = new Set<RedisClient>();
  let lastError: Error | undefined;

  function track(set: Set<RedisClient>, client: RedisClient, where: string): RedisClient {
    for (const one of [all, set]) one.add(client);
    client.on("error", (error: Error) => {
      lastError = nodeErrorOf(error) ?? error;
      onError(lastError, where);
    });
    // BullMQ copies a worker's connection for its blocking reads, and keeps the copy to itself.
    const copy: (...options: never[]) => RedisClient = client.duplicate.bind(client);
    Object.assign(client, { duplicate: (...options: never[]) => track(set, copy(...options), where) });
    return client;
  }

  function letGo(set: Set<RedisClient>): void {
    for (const client of set) {
      client.disconnect();
      all.delete(client);
    }
    set.clear();
  }

  return {
    producer: () => track(all, producerConnection(address), "redis"),
    worker: (where) => track(all, workerConnection(address), where),
    group() {
      const set = new Set<RedisClient>();
      return {
        worker: (where) => track(set, workerConnection(address), where),
        disconnect: () => letGo(set),
      };
    },
    lastError: () => lastError,
    disconnect: () => letGo(all),
  };
}

/** Of a whole cluster that fails, what its last node said. */
function nodeErrorOf(error: Error): Error | undefined {
  return "lastNodeError" in error && error.lastNodeError instanceof Error ? error.lastNodeError : undefined;
}
