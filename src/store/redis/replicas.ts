import { byAge, type Replica, type Replicas } from "../replicas.ts";
import type { RedisClient } from "./connections.ts";
import { createScript } from "./script.ts";

/** KEYS: a hash of what each tells, by its id; sorted sets of when it was seen and until when it counts. */
const common = `
local clock = redis.call("TIME")
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for _, id in ipairs(redis.call("ZRANGEBYSCORE", KEYS[3], "-inf", now)) do
  redis.call("HDEL", KEYS[1], id)
  redis.call("ZREM", KEYS[2], id)
  redis.call("ZREM", KEYS[3], id)
end
`;

/** ARGV: id, what it tells, for how many milliseconds. The keys go when the last of them has died. */
const tellText = `${common}
redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
redis.call("ZADD", KEYS[2], now, ARGV[1])
redis.call("ZADD", KEYS[3], now + ARGV[3], ARGV[1])
for _, key in ipairs(KEYS) do redis.call("PEXPIRE", key, math.max(ARGV[3], 3600000)) end
return 1`;

/** Answers id, what it tells and when it was seen, one after the other. */
const listText = `${common}
local found = {}
for _, id in ipairs(redis.call("ZRANGE", KEYS[2], 0, -1)) do
  local about = redis.call("HGET", KEYS[1], id)
  if about then
    found[#found + 1] = id
    found[#found + 1] = about
    found[#found + 1] = redis.call("ZSCORE", KEYS[2], id)
  end
end
return found`;

export function createRedisReplicas(client: RedisClient, prefix: string): Replicas {
  const keys = ["", ":seen", ":gone"].map((end) => `{${prefix}}:replicas${end}`);
  const [tell, list] = [createScript(client, tellText), createScript(client, listText)];
  return {
    async tell({ id, ...about }, forMs) {
      await tell(keys, [id, JSON.stringify(about), Math.ceil(forMs)]);
    },
    async forget(id) {
      const [about = "", ...times] = keys;
      await client.hdel(about, id);
      for (const key of times) await client.zrem(key, id);
    },
    async list() {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the script answers
      const flat = (await list(keys, [])) as string[];
      return byAge(
        Array.from({ length: flat.length / 3 }, (_, index) => {
          const [id = "", about = "{}", seenAt] = flat.slice(3 * index);
          return { ...(JSON.parse(about) as Omit<Replica, "id">), id, seenAt: Number(seenAt) };
        }),
      );
    },
  };
}
