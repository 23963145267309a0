import { Cluster, Redis, type ClusterOptions, type RedisOptions } from "ioredis";
import type { RedisAddress } from "./address.ts";

/** A single server, its like behind sentinels, or a whole cluster: one client each. */
export type RedisClient = Redis | Cluster;

/** Replies come in the shapes of ioredis's default. */
type OwnOptions = Omit<RedisOptions, "replyMapping">;
type Patience = OwnOptions & { lazyConnect: boolean; enableOfflineQueue: boolean };

const connectTimeoutMs = 5_000;
const commandTimeoutMs = 2_000;
const reconnectDelayMaxMs = 2_000;
/**
 * A connection that owes an answer for this long is given up and made anew: a server that vanished without a word would
 * otherwise be waited for until TCP itself gives up, a quarter of an hour. BullMQ blocks its reads for 10 s at most.
 */
const silenceMs = { producer: 5_000, worker: 20_000 } as const;

function reconnectDelayMs(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 6), reconnectDelayMaxMs);
}

/** A server that lost its mastership keeps its connections: the way to the new master leads over a new one. */
function isReadOnly(error: Error): boolean {
  return error.message.startsWith("READONLY") || error.message.startsWith("UNBLOCKED");
}

/**
 * For calls that someone waits for: they fail at once while Redis is away and after two seconds while it is
 * frozen, instead of queueing in memory.
 */
export function producerConnection(address: RedisAddress): RedisClient {
  return connect(address, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: commandTimeoutMs,
    socketTimeout: silenceMs.producer,
    reconnectOnError: (error) => isReadOnly(error),
  });
}

/** For workers, which wait for Redis as long as it takes; a command time-out would cut their blocking reads. */
export function workerConnection(address: RedisAddress): RedisClient {
  return connect(address, {
    lazyConnect: false,
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    socketTimeout: silenceMs.worker,
    reconnectOnError: (error) => (isReadOnly(error) ? 2 : false),
  });
}

function connect(address: RedisAddress, own: Patience): RedisClient {
  const shared: OwnOptions = {
    connectTimeout: connectTimeoutMs,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.family === undefined ? {} : { family: address.family }),
  };
  switch (address.kind) {
    case "single": {
      const [{ host, port }] = address.nodes;
      return new Redis({
        ...shared,
        ...own,
        host,
        port,
        db: address.database,
        retryStrategy: reconnectDelayMs,
        ...(address.tls ? { tls: serverName(host) } : {}),
      });
    }
    case "sentinel":
      return new Redis({
        ...shared,
        ...own,
        sentinels: address.nodes.map(({ host, port }) => ({ host, port })),
        name: address.master,
        db: address.database,
        retryStrategy: reconnectDelayMs,
        sentinelRetryStrategy: reconnectDelayMs,
        sentinelCommandTimeout: commandTimeoutMs,
        failoverDetector: true,
        ...(address.sentinelUsername === undefined ? {} : { sentinelUsername: address.sentinelUsername }),
        ...(address.sentinelPassword === undefined ? {} : { sentinelPassword: address.sentinelPassword }),
        ...(address.tls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
      });
    case "cluster":
      return connectCluster(address, shared, own);
  }
}

function connectCluster(address: RedisAddress, shared: OwnOptions, own: Patience): Cluster {
  const { lazyConnect, enableOfflineQueue, ...perNode } = own;
  const options: Omit<ClusterOptions, "redisOptions"> & { redisOptions: OwnOptions } = {
    lazyConnect,
    enableOfflineQueue,
    clusterRetryStrategy: reconnectDelayMs,
    slotsRefreshTimeout: commandTimeoutMs,
    slotsRefreshInterval: 10_000,
    redisOptions: { ...shared, ...perNode, ...(address.tls ? { tls: {} } : {}) },
    // The name stays what the certificate is checked against.
    ...(address.tls ? { dnsLookup: (name, callback) => callback(null, name) } : {}),
  };
  return new Cluster(
    address.nodes.map(({ host, port }) => ({ host, port })),
    options,
  );
}

/** A server is asked for by name, never by an IP address (RFC 6066). */
function serverName(host: string): { servername?: string } {
  return /^[0-9.]+$|:/.test(host) ? {} : { servername: host };
}
