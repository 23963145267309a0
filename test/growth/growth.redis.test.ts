import { Redis } from "ioredis";
import { openRedisStore } from "../../src/store/redis/index.ts";
import { startRedis } from "../helpers/redis-server.ts";
import { insistOn } from "../helpers/engines.ts";
import { growth, type Held } from "./growth.ts";

const server = await startRedis();
if (!server) insistOn("redis");
const client = new Redis(server?.url ?? "", { lazyConnect: true });

/** Keys by their kind: the parts of a key that are the same for all of a kind. Redis forgets expired ones as they are seen. */
async function measure(prefix: string): Promise<Held> {
  const counts: Record<string, number> = {};
  let bytes = 0;
  for await (const keys of client.scanStream({ match: `{${prefix}}:*`, count: 1_000 })) {
    for (const key of keys as string[]) {
      const kind = key
        .slice(prefix.length + 3)
        .replace(/evt_\w+|email:.*?example\.com|\bshop\.\w+|\b\d+$/, "*");
      counts[kind] = (counts[kind] ?? 0) + 1;
      bytes += (await client.memory("USAGE", key)) ?? 0;
    }
  }
  return { counts, bytes };
}

growth({
  name: "redis",
  open: server && ((options) => openRedisStore(server.url, options)),
  measure,
  async close() {
    client.disconnect();
    await server?.stop();
  },
});
