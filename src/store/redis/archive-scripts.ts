import { olderFunction } from "./older.ts";

/**
 * Puts one job where BullMQ would have it, in one step. One that is there already stays, unless the given one is
 * further: erased or dropped while that one is not, finished while that one still waits, or a later run. One that would
 * be a duplicate is left out.
 *
 * KEYS: job, deduplication key, wait, active, delayed, failed, completed, marker
 * ARGV: id, state, name, data, opts, accepted, attempts, finished, due, result, failure, deduplication id, claimed, replay,
 * withdrawn
 */
export const importJobScript = `
local job, window, wait, active, delayed, failed, completed, marker = unpack(KEYS)
local id, state, name, data, opts, accepted, attempts, finished, due = unpack(ARGV, 1, 9)
local result, failure, dedup, claimed, replay, withdrawn = unpack(ARGV, 10, 15)
local isFinished = state == "completed" or state == "failed"
if redis.call("EXISTS", job) == 1 then
  local held = cjson.decode(redis.call("HGET", job, "data"))
  local heldReplay = held.replay or 0
  local heldFinished = redis.call("ZSCORE", failed, id) or redis.call("ZSCORE", completed, id)
  local further = tonumber(replay) > heldReplay
    or (tonumber(replay) == heldReplay and isFinished and not heldFinished)
  if (withdrawn == "1") ~= (held.withdrawn ~= nil) then further = withdrawn == "1" end
  if not further then return 0 end
  redis.call("LREM", wait, 0, id)
  redis.call("LREM", active, 0, id)
  for _, key in ipairs({ delayed, failed, completed }) do redis.call("ZREM", key, id) end
  redis.call("DEL", job)
elseif not isFinished and claimed == "1" then
  local first = redis.call("GET", window)
  if first and first ~= id then return 0 end
end
redis.call("HSET", job, "name", name, "data", data, "opts", opts, "timestamp", accepted,
  "delay", 0, "priority", 0, "atm", attempts, "ats", attempts)
if dedup ~= "" then redis.call("HSET", job, "deid", dedup) end
if isFinished then
  redis.call("HSET", job, "finishedOn", finished, "processedOn", finished)
  if result ~= "" then redis.call("HSET", job, "returnvalue", result) end
  if failure ~= "" then redis.call("HSET", job, "failedReason", failure) end
  redis.call("ZADD", state == "failed" and failed or completed, finished, id)
elseif state == "delayed" then
  redis.call("ZADD", delayed, string.format("%.0f", tonumber(due) * 4096), id)
  redis.call("ZADD", marker, "LT", due, "1")
else
  redis.call("LPUSH", wait, id)
  redis.call("ZADD", marker, 0, "0")
end
return 1`;

/** The first event keeps its window; the same event's window only grows. */
export const importWindowScript = `
if redis.call("SET", KEYS[1], ARGV[1], "NX", "PXAT", ARGV[2]) then return 1 end
if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("PEXPIREAT", KEYS[1], ARGV[2], "GT") end
return 0`;

/** KEYS: updates, fields, history, events, the wake-up's deduplication key, delayed wake-ups. ARGV: prefix of jobs. */
export const readMailboxScript = `
local expires = redis.call("PEXPIRETIME", KEYS[2])
if expires < 0 then expires = redis.call("PEXPIRETIME", KEYS[3]) end
local wake, data, due = redis.call("GET", KEYS[5]), "", ""
if wake then
  data = redis.call("HGET", ARGV[1] .. wake, "data") or ""
  due = redis.call("ZSCORE", KEYS[6], wake) or ""
end
return { redis.call("HVALS", KEYS[1]), redis.call("HGETALL", KEYS[2]), redis.call("LRANGE", KEYS[3], 0, -1),
  redis.call("SMEMBERS", KEYS[4]), expires, data, due }`;

/**
 * Merges a mailbox in one step: updates by id, the newest stamp of each field, history by time.
 *
 * KEYS: updates, fields, history, events, the waiting contacts
 * ARGV: contact, now, expiry, length of history, then four lists, each after its length
 */
export const importMailboxScript = `${olderFunction}
local updates, fields, history, events, waiting = unpack(KEYS)
local contact, now, expires, historyMax = unpack(ARGV, 1, 4)
local keep = math.max(tonumber(expires), redis.call("PEXPIRETIME", fields), redis.call("PEXPIRETIME", history))
local at = 5
local function each(width, work)
  local last = at + tonumber(ARGV[at]) * width
  for i = at + 1, last, width do work(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
  at = last + 1
end
each(2, function(id, update) redis.call("HSETNX", updates, id, update) end)
each(1, function(id) redis.call("SADD", events, id) end)
each(3, function(field, stamp, origin)
  local kept = redis.call("HGET", fields, field)
  if not kept or older(cjson.decode(kept).stamp, stamp) then redis.call("HSET", fields, field, origin) end
end)
local notes, seen = {}, {}
local function add(text)
  if seen[text] then return end
  seen[text] = true
  notes[#notes + 1] = { text = text, at = cjson.decode(text).at, index = #notes }
end
for _, text in ipairs(redis.call("LRANGE", history, 0, -1)) do add(text) end
each(1, add)
table.sort(notes, function(a, b) return a.at < b.at or (a.at == b.at and a.index < b.index) end)
redis.call("DEL", history)
for i = math.max(1, #notes - tonumber(historyMax) + 1), #notes do redis.call("RPUSH", history, notes[i].text) end
redis.call("PEXPIREAT", fields, keep)
redis.call("PEXPIREAT", history, keep)
if redis.call("HLEN", updates) > 0 then
  redis.call("PERSIST", events)
  redis.call("ZADD", waiting, "NX", now, contact)
else
  redis.call("PEXPIREAT", events, math.max(keep, redis.call("PEXPIRETIME", events)))
end
return 1`;
