import { Redis } from "ioredis";
import type { StoreOptions } from "../store.ts";

const connectTimeoutMs = 5_000;
const commandTimeoutMs = 2_000;
const reconnectDelayMaxMs = 2_000;

function reconnectDelayMs(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 6), reconnectDelayMaxMs);
}

/**
 * For calls that someone waits for: they fail at once while Redis is away and after two seconds while it is
 * frozen, instead of queueing in memory.
 */
export function producerConnection(url: string, options: StoreOptions): Redis {
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    retryStrategy: reconnectDelayMs,
  });
  client.on("error", (error) => options.onError(error, "redis"));
  return client;
}

/** For workers, which wait for Redis as long as it takes; a command time-out would cut their blocking reads. */
export function workerConnection(url: string, options: StoreOptions): Redis {
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: connectTimeoutMs,
    retryStrategy: reconnectDelayMs,
  });
  client.on("error", (error) => options.onError(error, "redis worker"));
  return client;
}

/** Host and port of a Redis URL, without its password. */
export function redisAddress(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname === "" ? "localhost" : hostname}:${port === "" ? "6379" : port}`;
}
