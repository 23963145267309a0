import type { Notices } from "../notices.ts";
import type { StoreOptions } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { createScript } from "./script.ts";

/** A hash: `book`, and while a process decides `lease` and `until`. KEYS: the hash */
const common = `
local clock = redis.call("TIME")
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local found = redis.call("HMGET", KEYS[1], "lease", "until", "book")
local runs = found[1] and tonumber(found[2] or "0") > now
local function hold(ms)
  redis.call("HSET", KEYS[1], "lease", ARGV[1], "until", string.format("%.0f", now + tonumber(ms)))
end
`;

/** ARGV: holder, the length of the lease in milliseconds. Answers the text, "" where there is none, nil if it is held. */
const claimText = `${common}
if runs and found[1] ~= ARGV[1] then return false end
hold(ARGV[2])
return found[3] or ""`;

/** ARGV: holder, text, the length of the lease in milliseconds */
const saveText = `${common}
if not runs or found[1] ~= ARGV[1] then return 0 end
hold(ARGV[3])
redis.call("HSET", KEYS[1], "book", ARGV[2])
return 1`;

/** ARGV: holder */
const releaseText = `${common}
if found[1] == ARGV[1] then redis.call("HDEL", KEYS[1], "lease", "until") end
return 1`;

/** One hash; whatever changes is one script. */
export function createRedisNotices(client: RedisClient, options: StoreOptions): Notices {
  const key = `{${options.prefix}}:notices`;
  const [claim, save, release] = [claimText, saveText, releaseText].map((text) => {
    const run = createScript(client, text);
    return async (...args: readonly (string | number)[]) => await run([key], args);
  }) as [Run, Run, Run];
  const orNone = (text: string) => (text === "" ? undefined : text);
  return {
    read: async () => (await client.hget(key, "book")) ?? undefined,
    async claim(holder, leaseMs) {
      const text = await claim(holder, Math.ceil(leaseMs));
      return typeof text === "string" ? { text: orNone(text) } : undefined;
    },
    save: async (holder, text, leaseMs) => (await save(holder, text, Math.ceil(leaseMs))) === 1,
    async release(holder) {
      await release(holder);
    },
  };
}

type Run = (...args: readonly (string | number)[]) => Promise<unknown>;
