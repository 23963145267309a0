/** As BullMQ, whose version is pinned, sorts prioritized jobs: by their number, then by a count of them all. */
const place = `
local function place(number)
  return number * 0x100000000 + redis.call("INCR", KEYS[2]) % 0x100000000
end
`;

/**
 * Moves wake-ups that wait with a higher number to where a smaller one puts them; one that is delayed or active comes
 * back with it. What has been let forward is before them already.
 *
 * KEYS: prioritized jobs, their count. ARGV: the prefix of jobs, the last number of those let forward, then contact and
 * number of each
 */
export const raiseScript = `${place}
local prefix, forward = ARGV[1], tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  local id, number = redis.call("GET", prefix .. "de:" .. ARGV[i]), tonumber(ARGV[i + 1])
  local held = id and tonumber(redis.call("HGET", prefix .. id, "priority") or "0")
  if held and held > forward and held > number then
    redis.call("HSET", prefix .. id, "priority", number)
    if redis.call("ZSCORE", KEYS[1], id) then redis.call("ZADD", KEYS[1], place(number), id) end
  end
end
return 1`;

/**
 * Gives the first jobs of a number another one. Answers how many.
 *
 * KEYS: prioritized jobs, their count. ARGV: the prefix of jobs, then number, the other number and how many
 */
export const forwardScript = `${place}
local counts = {}
for i = 2, #ARGV, 3 do
  local from, to, most = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local least, next = string.format("%.0f", from * 0x100000000), string.format("(%.0f", (from + 1) * 0x100000000)
  local ids = redis.call("ZRANGEBYSCORE", KEYS[1], least, next, "LIMIT", 0, most)
  for _, id in ipairs(ids) do
    redis.call("ZADD", KEYS[1], place(to), id)
    redis.call("HSET", ARGV[1] .. id, "priority", to)
  end
  counts[#counts + 1] = #ids
end
return counts`;

/**
 * Wake-ups of before there were priorities lie in a list that BullMQ empties first: so many of them become usual ones.
 *
 * KEYS: prioritized jobs, their count, waiting jobs. ARGV: the prefix of jobs, the usual number, how many
 */
export const adoptScript = `${place}
local ids = redis.call("RPOP", KEYS[3], ARGV[3]) or {}
for _, id in ipairs(ids) do
  local job = ARGV[1] .. id
  if redis.call("EXISTS", job) == 1 then
    local number = tonumber(redis.call("HGET", job, "priority") or "0")
    if number == 0 then number = tonumber(ARGV[2]) end
    redis.call("HSET", job, "priority", number)
    redis.call("ZADD", KEYS[1], place(number), id)
  end
end
return #ids`;
