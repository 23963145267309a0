// The relay on each engine and the peers beside it, all started the same way.
import { installNodeRed, startNodeRed } from "../peers/node-red.mjs";
import { startPeer, startRelay } from "./processes.mjs";
import { startPostgres, startRedis } from "./servers.mjs";

/** Servers that are there, and what was started on them. An engine without a server is left out, with one line. */
export async function openTargets() {
  const redis = await startRedis();
  const postgres = await startPostgres();
  if (!redis) console.log("redis: skipped, no server found");
  if (!postgres) console.log("postgres: skipped, no server found");
  let nodeRed;

  const relay = (engine, server) => ({
    name: `relay, ${engine}`,
    engine,
    server,
    /** On an empty store, unless `keep`. */
    async start(options = {}) {
      if (!options.keep) await server?.empty();
      return await startRelay(server?.settings ?? {}, options);
    },
  });
  const relays = [
    ...(redis ? [relay("Redis", redis)] : []),
    ...(postgres ? [relay("PostgreSQL", postgres)] : []),
    relay("embedded", undefined),
  ];
  const peer = (name, file, start) => ({
    name,
    async start(options = {}) {
      if (!options.keep) await redis.empty();
      const { role, apiUrl, ceiling } = options;
      const env = { REDIS_URL: redis.url, ROLE: role ?? "all", API_URL: apiUrl ?? "" };
      return await startPeer(file, {
        ...env,
        CEILING: ceiling === undefined ? "" : String(ceiling),
        ...start,
      });
    },
  });
  return {
    redis,
    postgres,
    relays,
    floor: redis && peer("floor: node:http and one XADD", "floor"),
    handWritten: redis && peer("Hono + BullMQ, by hand", "hono-bullmq"),
    nodeRed() {
      nodeRed ??= { main: installNodeRed() };
      const { main } = nodeRed;
      if (main === undefined) return undefined;
      return {
        name: "Node-RED",
        start: ({ apiUrl } = {}) => startNodeRed(main, apiUrl ?? "http://127.0.0.1:9"),
      };
    },
    async stop() {
      await redis?.stop();
      await postgres?.stop();
    },
  };
}
