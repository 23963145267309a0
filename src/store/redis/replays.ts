import { randomUUID } from "node:crypto";
import { ulid } from "ulid";
import {
  isReplayId,
  noProgress,
  replayPage,
  replaysKept,
  type Replay,
  type ReplayPlan,
  type ReplayProgress,
  type Replays,
  type ReplayState,
} from "../replays.ts";
import type { StoreOptions } from "../store.ts";
import type { RedisClient } from "./connections.ts";
import { pipelined } from "./pipelined.ts";
import { createScript } from "./script.ts";

/**
 * A replay is a hash: `plan` and `progress` as JSON, `state`, `created`, and where they say something: `contact`, `lease`,
 * `until`, `finished`, `message`. The set `all` sorts by id, `running` holds those that run, `over` sorts by their end.
 *
 * KEYS: the root of all keys
 */
const common = `
local root = KEYS[1]
local clock = redis.call("TIME")
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function record(id) return root .. "one:" .. id end
local function exact(number) return string.format("%.0f", number) end
local function forget(id)
  redis.call("ZREM", root .. "all", id)
  redis.call("ZREM", root .. "running", id)
  redis.call("ZREM", root .. "over", id)
  redis.call("DEL", record(id))
end
local function held(id, lease)
  local found = redis.call("HMGET", record(id), "state", "lease")
  return found[1] == "running" and found[2] == lease
end
local function over(id, state)
  redis.call("HDEL", record(id), "lease", "until")
  redis.call("HSET", record(id), "state", state, "finished", exact(now))
  redis.call("ZREM", root .. "running", id)
  redis.call("ZADD", root .. "over", exact(now), id)
end
local function prune(keepMs)
  for _, id in ipairs(redis.call("ZRANGEBYSCORE", root .. "over", "-inf", exact(now - tonumber(keepMs)))) do forget(id) end
  for _, id in ipairs(redis.call("ZRANGE", root .. "over", 0, -${replaysKept + 1})) do forget(id) end
end
`;

const nowText = `${common}
return exact(now)`;

/** ARGV: id, plan, progress, contact or "", retention in milliseconds */
const createText = `${common}
prune(ARGV[5])
redis.call("HSET", record(ARGV[1]), "plan", ARGV[2], "progress", ARGV[3], "state", "running", "created", exact(now))
if ARGV[4] ~= "" then redis.call("HSET", record(ARGV[1]), "contact", ARGV[4]) end
redis.call("ZADD", root .. "all", 0, ARGV[1])
redis.call("ZADD", root .. "running", 0, ARGV[1])
return 1`;

/** ARGV: id */
const stopText = `${common}
if redis.call("HGET", record(ARGV[1]), "state") == "running" then over(ARGV[1], "stopped") end
return 1`;

/** ARGV: the name of the lease, its length in milliseconds, retention in milliseconds. Answers an id, or "". */
const claimText = `${common}
prune(ARGV[3])
for _, id in ipairs(redis.call("ZRANGE", root .. "running", 0, -1)) do
  if tonumber(redis.call("HGET", record(id), "until") or "0") <= now then
    redis.call("HSET", record(id), "lease", ARGV[1], "until", exact(now + tonumber(ARGV[2])))
    return id
  end
end
return ""`;

/** ARGV: id, lease, progress, the length of the lease in milliseconds */
const saveText = `${common}
if not held(ARGV[1], ARGV[2]) then return 0 end
redis.call("HSET", record(ARGV[1]), "progress", ARGV[3], "until", exact(now + tonumber(ARGV[4])))
return 1`;

/** ARGV: id, lease, progress, state, message or "" */
const endText = `${common}
if not held(ARGV[1], ARGV[2]) then return 0 end
redis.call("HSET", record(ARGV[1]), "progress", ARGV[3])
if ARGV[5] ~= "" then redis.call("HSET", record(ARGV[1]), "message", ARGV[5]) end
over(ARGV[1], ARGV[4])
return 1`;

/** ARGV: id, lease */
const releaseText = `${common}
if held(ARGV[1], ARGV[2]) then redis.call("HDEL", record(ARGV[1]), "lease", "until") end
return 1`;

/** ARGV: contact */
const forgetText = `${common}
for _, id in ipairs(redis.call("ZRANGE", root .. "all", 0, -1)) do
  if redis.call("HGET", record(id), "contact") == ARGV[1] then forget(id) end
end
return 1`;

/** Replays in hashes and sorted sets; whatever changes is one script. */
export function createRedisReplays(client: RedisClient, options: StoreOptions): Replays {
  const root = `{${options.prefix}}:replays:`;
  const key = (id: string) => `${root}one:${id}`;
  const keepMs = Math.ceil(options.retentionMs);
  const script = (text: string) => {
    const run = createScript(client, text);
    return async (...args: readonly (string | number)[]) => await run([root], args);
  };
  const [createOne, stopOne, claimOne] = [script(createText), script(stopText), script(claimText)];
  const [saveOne, endOne, releaseOne] = [script(saveText), script(endText), script(releaseText)];
  const [forgetSome, readNow] = [script(forgetText), script(nowText)];

  async function find(id: string): Promise<Replay | undefined> {
    return isReplayId(id) ? replayOf(id, await client.hgetall(key(id))) : undefined;
  }

  return {
    now: async () => Number(await readNow()),
    async create(plan) {
      const id = `rpl_${ulid()}`;
      const progress: ReplayProgress = { ...noProgress, rate: 0 };
      const { contact = "" } = plan.filter;
      await createOne(id, JSON.stringify(plan), JSON.stringify(progress), contact, keepMs);
      const created = await find(id);
      if (!created) throw new Error("Redis answered without the replay");
      return created;
    },
    find,
    async list(limit, cursor) {
      const top = cursor !== undefined && isReplayId(cursor) ? `(${cursor}` : "+";
      const ids = await client.zrevrangebylex(`${root}all`, top, "-", "LIMIT", 0, limit + 1);
      const found = await pipelined(
        client,
        ids,
        (line, id) => line.hgetall(key(id)),
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what HGETALL answers
        (answer) => answer as Record<string, string>,
      );
      return replayPage(
        ids.flatMap((id, index) => replayOf(id, found[index] ?? {}) ?? []),
        limit,
      );
    },
    async stop(id) {
      if (!isReplayId(id)) return undefined;
      await stopOne(id);
      return await find(id);
    },
    async claim(leaseMs) {
      const lease = randomUUID();
      const replay = await find(String(await claimOne(lease, Math.ceil(leaseMs), keepMs)));
      return replay && { replay, lease };
    },
    async save({ replay, lease }, progress, leaseMs) {
      return (await saveOne(replay.id, lease, JSON.stringify(progress), Math.ceil(leaseMs))) === 1;
    },
    async end({ replay, lease }, state, progress, message = "") {
      return (await endOne(replay.id, lease, JSON.stringify(progress), state, message)) === 1;
    },
    async release({ replay, lease }) {
      await releaseOne(replay.id, lease);
    },
    async forget(contact) {
      await forgetSome(contact);
    },
  };
}

function replayOf(id: string, hash: Readonly<Record<string, string>>): Replay | undefined {
  const { plan, progress, state, created, finished, message } = hash;
  if (plan === undefined || progress === undefined) return undefined;
  return {
    ...(JSON.parse(plan) as ReplayPlan),
    id,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the scripts write it
    state: state as ReplayState,
    createdAt: Number(created),
    ...(finished === undefined ? {} : { finishedAt: Number(finished) }),
    ...(message === undefined ? {} : { message }),
    progress: JSON.parse(progress) as ReplayProgress,
  };
}
