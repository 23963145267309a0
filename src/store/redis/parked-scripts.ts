import { sourcesMax } from "../parked-index.ts";

/**
 * What every script begins with that lets something join or leave the groups. `parked` is the root of the index: `of` (a
 * hash, item -> its group and source), `items:<group>` (items by when they were parked), `sources:<group>` (a hash, source
 * -> how many), `groups` (groups by their newest item), `mark:<group>` (a hash), `marks` (groups by when something was said
 * of them), `pending` (a hash, wake-up -> the pieces that count once it has failed).
 */
export const parkedFunctions = `
local function sortGroup(group)
  local last = redis.call("ZRANGE", parked .. "items:" .. group, -1, -1, "WITHSCORES")
  if last[1] then redis.call("ZADD", parked .. "groups", last[2], group)
  else redis.call("ZREM", parked .. "groups", group) end
end
local function unpark(id)
  local held = redis.call("HGET", parked .. "of", id)
  if not held then return false end
  local group, source = string.match(held, "^(%w+) (.*)$")
  redis.call("HDEL", parked .. "of", id)
  redis.call("ZREM", parked .. "items:" .. group, id)
  local sources = parked .. "sources:" .. group
  if source ~= "" and redis.call("HINCRBY", sources, source, -1) <= 0 then redis.call("HDEL", sources, source) end
  sortGroup(group)
  return true
end
local function park(id, group, at, source, stampedNow)
  local known = unpark(id)
  redis.call("HSET", parked .. "of", id, group .. " " .. source)
  redis.call("ZADD", parked .. "items:" .. group, at, id)
  if source ~= "" then redis.call("HINCRBY", parked .. "sources:" .. group, source, 1) end
  sortGroup(group)
  local mark = parked .. "mark:" .. group
  if not known and stampedNow and redis.call("HGET", mark, "state") == "acknowledged" then
    redis.call("HSET", mark, "state", "open", "reopened", string.format("%.0f", stampedNow))
  end
end
`;

/**
 * Lets the pieces of wake-ups join that have failed since they were written down. A wake-up that is gone has none.
 *
 * Needs `parked`, `failed` (BullMQ's failed jobs), `jobs` (the prefix of its jobs)
 */
export const promoteFunction = `
local function promote()
  local pending = redis.call("HGETALL", parked .. "pending")
  if #pending == 0 then return end
  local clock = redis.call("TIME")
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  for i = 1, #pending, 2 do
    local id = pending[i]
    if redis.call("ZSCORE", failed, id) then
      for piece, group, at in string.gmatch(pending[i + 1], "(%S+) (%S+) (%S+);") do park(piece, group, at, "", now) end
      redis.call("HDEL", parked .. "pending", id)
    elseif redis.call("EXISTS", jobs .. id) == 0 then
      redis.call("HDEL", parked .. "pending", id)
    end
  end
end
`;

/** KEYS: the root of the index, failed jobs. ARGV: the prefix of jobs, then what is each script's own. */
const promoting = `
local parked, failed, jobs = KEYS[1], KEYS[2], ARGV[1]
${parkedFunctions}${promoteFunction}promote()
`;

/** ARGV: wake-up, its pieces as text, "" for none */
export const pendScript = `${promoting}
if ARGV[3] == "" then redis.call("HDEL", parked .. "pending", ARGV[2])
else redis.call("HSET", parked .. "pending", ARGV[2], ARGV[3]) end
return 1`;

/** Needs `parked`. What is muted for a time only is open afterwards. */
const stateFunction = `
local function stateOf(group, now)
  local held = redis.call("HMGET", parked .. "mark:" .. group, "state", "until")
  if not held[1] or (held[2] and tonumber(held[2]) <= now) then return "open" end
  return held[1]
end
`;

const describeFunction = `
local function describe(group)
  local items = parked .. "items:" .. group
  local first = redis.call("ZRANGE", items, 0, 0, "WITHSCORES")
  local last = redis.call("ZRANGE", items, -1, -1, "WITHSCORES")
  local sources = redis.call("HKEYS", parked .. "sources:" .. group)
  table.sort(sources)
  local some = {}
  for i = 1, math.min(#sources, ${sourcesMax}) do some[i] = sources[i] end
  return { group, redis.call("ZCARD", items), first[2], last[2], last[1], some,
    redis.call("HGETALL", parked .. "mark:" .. group) }
end
`;

/** ARGV: limit, time and group behind which it goes on, the caller's clock, the states asked for */
export const groupsScript = `${promoting}${stateFunction}${describeFunction}
local limit, at, group, now = tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local isWanted = {}
for i = 6, #ARGV do isWanted[ARGV[i]] = true end
local start = 0
if group ~= "" then
  -- What was listed last may have moved since.
  start = redis.call("ZCOUNT", parked .. "groups", "(" .. at, "+inf")
  for _, same in ipairs(redis.call("ZREVRANGEBYSCORE", parked .. "groups", at, at)) do
    if same >= group then start = start + 1 end
  end
end
local found = {}
while #found < limit do
  local page = redis.call("ZREVRANGE", parked .. "groups", start, start + 99)
  for _, one in ipairs(page) do
    if #found < limit and (#ARGV < 6 or isWanted[stateOf(one, now)]) then found[#found + 1] = describe(one) end
  end
  if #page < 100 then break end
  start = start + 100
end
return found`;

/** ARGV: the group. Answers nothing where it is empty. */
export const groupScript = `${promoting}${describeFunction}
if redis.call("EXISTS", parked .. "items:" .. ARGV[2]) == 0 then return false end
return describe(ARGV[2])`;

/** ARGV: the group, limit, time and id behind which it goes on, "" for none. Answers ids and times, newest first. */
export const itemsScript = `${promoting}
local items, limit, at, id = parked .. "items:" .. ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local start = 0
if id ~= "" then
  local rank = redis.call("ZREVRANK", items, id)
  if rank and redis.call("ZSCORE", items, id) == at then start = rank + 1
  else
    start = redis.call("ZCOUNT", items, "(" .. at, "+inf")
    for _, same in ipairs(redis.call("ZREVRANGEBYSCORE", items, at, at)) do
      if same >= id then start = start + 1 end
    end
  end
end
return redis.call("ZREVRANGE", items, start, start + limit - 1, "WITHSCORES")`;

const markFunction = `
local function setMark(group, at, fields)
  redis.call("DEL", parked .. "mark:" .. group)
  redis.call("HSET", parked .. "mark:" .. group, "at", at, unpack(fields))
  redis.call("ZADD", parked .. "marks", at, group)
end
`;

/** ARGV: the group, when, then names and values of the mark. Answers 0 where nothing is known of the group. */
export const markScript = `${promoting}${markFunction}
if redis.call("EXISTS", parked .. "items:" .. ARGV[2], parked .. "mark:" .. ARGV[2]) == 0 then return 0 end
setMark(ARGV[2], ARGV[3], { unpack(ARGV, 4) })
return 1`;

/** The same of what was said elsewhere. What was said here and is as new stays. */
export const putMarkScript = `
local parked = KEYS[1]
${markFunction}
local held = redis.call("HGET", parked .. "mark:" .. ARGV[1], "at")
if held and tonumber(held) >= tonumber(ARGV[2]) then return 0 end
setMark(ARGV[1], ARGV[2], { unpack(ARGV, 3) })
return 1`;

/** KEYS: the root of the index. Answers groups and their marks. */
export const marksScript = `
local found = {}
for _, group in ipairs(redis.call("ZRANGE", KEYS[1] .. "marks", 0, -1)) do
  found[#found + 1] = { group, redis.call("HGETALL", KEYS[1] .. "mark:" .. group) }
end
return found`;

/** ARGV: the caller's clock */
export const openItemsScript = `${promoting}${stateFunction}
local count, now = redis.call("HLEN", parked .. "of"), tonumber(ARGV[2])
for _, group in ipairs(redis.call("ZRANGE", parked .. "marks", 0, -1)) do
  if stateOf(group, now) ~= "open" then count = count - redis.call("ZCARD", parked .. "items:" .. group) end
end
return count`;

/** KEYS: the root of the index. ARGV: said before, how many stay */
export const forgetMarksScript = `
local parked, before, most = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local marked = redis.call("ZRANGE", parked .. "marks", 0, -1, "WITHSCORES")
local left = #marked / 2
for i = 1, #marked, 2 do
  local group = marked[i]
  local isOld = tonumber(marked[i + 1]) < before or left > most
  if isOld and redis.call("EXISTS", parked .. "items:" .. group) == 0 then
    redis.call("DEL", parked .. "mark:" .. group)
    redis.call("ZREM", parked .. "marks", group)
    left = left - 1
  end
end
return 1`;

/**
 * Lets the pieces of failed wake-ups join, of each as long as its data is what they were read of.
 *
 * KEYS: the root of the index, failed jobs. ARGV: the prefix of jobs, then of each job its id, its data and its pieces as
 * text
 */
export const adoptPiecesScript = `${promoting}
for i = 2, #ARGV, 3 do
  local id, data, pieces = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call("ZSCORE", failed, id) and redis.call("HGET", jobs .. id, "data") == data then
    for piece, group, at in string.gmatch(pieces, "(%S+) (%S+) (%S+);") do park(piece, group, at, "") end
  end
end
return 1`;

/** KEYS: the root of the index, the root of the log. ARGV: id and group of each. Those that failed are in the index afterwards. */
export const adoptEventsScript = `
local parked, log = KEYS[1], KEYS[2]
${parkedFunctions}
for i = 1, #ARGV, 2 do
  local held = redis.call("HMGET", log .. "event:" .. ARGV[i], "state", "finished", "source")
  if held[1] == "failed" then park(ARGV[i], ARGV[i + 1], held[2] or "0", held[3] or "") end
end
return 1`;

/**
 * Takes out what is not parked any more. A piece whose place in its wake-up's data holds nothing any more has been taken.
 *
 * KEYS: the root of the index, failed jobs, the root of the log. ARGV: the prefix of jobs, what stands where a piece was
 * taken, then ids
 */
export const verifyScript = `
local parked = KEYS[1]
${parkedFunctions}
local read = {}
local function holds(job, place)
  if not redis.call("ZSCORE", KEYS[2], job) then return false end
  if read[job] == nil then
    local isRead, data = pcall(cjson.decode, redis.call("HGET", ARGV[1] .. job, "data") or "")
    read[job] = isRead and type(data) == "table" and data or {}
  end
  local parked = read[job].parked
  -- Without any the wake-up itself is the piece; what cannot be read here stays.
  if type(parked) ~= "table" then return true end
  local piece = parked[place + 1]
  return type(piece) == "table" and piece.reason ~= ARGV[2]
end
for i = 3, #ARGV do
  local id = ARGV[i]
  local job, place = string.match(id, "^dlv_(.+)%.(%d+)$")
  local stays
  if job then stays = holds(job, tonumber(place))
  else stays = redis.call("HGET", KEYS[3] .. "event:" .. id, "state") == "failed" end
  if not stays then unpark(id) end
end
return 1`;

/**
 * Writes a job's data where it is still what was read; the pieces that are named leave with it.
 *
 * KEYS: the root of the index, failed jobs, the job. ARGV: the prefix of jobs, the data that was read, the new data, then
 * pieces
 */
export const replaceDataScript = `
if redis.call("HGET", KEYS[3], "data") ~= ARGV[2] then return 0 end
${promoting}
redis.call("HSET", KEYS[3], "data", ARGV[3])
for i = 4, #ARGV do unpark(ARGV[i]) end
return 1`;
