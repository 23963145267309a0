import { turnsApart } from "../event-log.ts";
import { olderFunction } from "./older.ts";
import { parkedFunctions } from "./parked-scripts.ts";
import { prioritizeFunction } from "./priority.ts";

/**
 * Puts one failed wake-up where BullMQ would have it, in one step; one that is there already stays.
 *
 * KEYS: job, failed, the root of the parked. ARGV: id, name, data, opts, accepted, attempts, finished, failure, then id,
 * group and time of each piece
 */
export const importJobScript = `
local job, failed, parked = KEYS[1], KEYS[2], KEYS[3]
${parkedFunctions}
local id, name, data, opts, accepted, attempts, finished, failure = unpack(ARGV)
if redis.call("EXISTS", job) == 1 then return 0 end
redis.call("HSET", job, "name", name, "data", data, "opts", opts, "timestamp", accepted,
  "delay", 0, "priority", 0, "atm", attempts, "ats", attempts, "finishedOn", finished, "processedOn", finished)
if failure ~= "" then redis.call("HSET", job, "failedReason", failure) end
redis.call("ZADD", failed, finished, id)
for i = 9, #ARGV, 3 do park(ARGV[i], ARGV[i + 1], ARGV[i + 2], "") end
return 1`;

/**
 * Puts one event into the log, in one step. One that is there already stays, unless the given one is further: erased or
 * dropped while that one is not, finished while that one still waits, or a later run. One that would be a duplicate is
 * left out.
 *
 * KEYS: the root of the log, the root of the parked. ARGV: see `importArguments`
 */
export const importEventScript = `
local root, parked = KEYS[1], KEYS[2]
${parkedFunctions}
local id, window, state, head, attributes, payload, attempts, replay, retried = unpack(ARGV, 1, 9)
local erased, withdrawn, source, type, accepted, finished, due, result, failure, claimed, waits, rank, group = unpack(ARGV, 10, 22)
local record = root .. "event:" .. id
local isFinished = state == "completed" or state == "failed"
local held = redis.call("HMGET", record, "state", "replay", "withdrawn", "seq")
local seq = held[4]
if held[1] then
  local heldFinished = held[1] == "completed" or held[1] == "failed"
  local runs = tonumber(held[2] or "0")
  local further = tonumber(replay) > runs
    or (tonumber(replay) == runs and isFinished and not heldFinished)
  if (withdrawn ~= "") ~= (held[3] ~= false) then further = withdrawn ~= "" end
  if not further then return 0 end
  redis.call("ZREM", root .. held[1], id)
  redis.call("DEL", record)
  unpark(id)
elseif not isFinished and claimed == "1" then
  local first = redis.call("GET", root .. "window:" .. window)
  if first and first ~= id then return 0 end
end
local last = tonumber(redis.call("GET", root .. "last") or "0")
local turn = math.max(last + 1, accepted * 1000)
redis.call("SET", root .. "last", string.format("%.0f", turn))
turn = string.format("%.0f", turn + rank * ${turnsApart})
-- Its place by acceptance is its own; its turn is behind what is here already.
if not seq then
  local place = tonumber(accepted) * 1000
  local function taken() return #redis.call("ZRANGEBYSCORE", root .. "all", place, place, "LIMIT", 0, 1) > 0 end
  while taken() do place = place + 1 end
  seq = string.format("%.0f", place)
end
redis.call("HSET", record, "head", head, "attributes", attributes, "payload", payload, "state", state,
  "attempts", attempts, "replay", replay, "source", source, "type", type, "seq", seq, "turn", turn)
if rank ~= "0" then redis.call("HSET", record, "priority", rank, "accepted", rank) end
if retried ~= "" then redis.call("HSET", record, "retried", retried) end
if erased ~= "" then redis.call("HSET", record, "erased", erased) end
if withdrawn ~= "" then redis.call("HSET", record, "withdrawn", withdrawn) end
for _, index in ipairs({ "all", "source:" .. source, "type:" .. type }) do redis.call("ZADD", root .. index, seq, id) end
local score = turn
if isFinished then
  redis.call("HSET", record, "finished", finished)
  if result ~= "" then redis.call("HSET", record, "result", result) end
  if failure ~= "" then redis.call("HSET", record, "failure", failure) end
  score = finished
elseif state == "delayed" then
  if waits ~= "" then redis.call("HSET", record, "waits", waits) end
  score = due
end
redis.call("ZADD", root .. state, score, id)
if state == "failed" then park(id, group, finished, source) end
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
 * KEYS: updates, fields, history, events, the waiting contacts, their priorities
 * ARGV: contact, now, expiry, length of history, its expiry, whom the API takes it for or nothing, what the keys of
 *   persons begin with, then four lists, each after its length
 */
export const importMailboxScript = `${olderFunction}${prioritizeFunction}
local updates, fields, history, events, waiting, priority = unpack(KEYS)
local contact, now, expires, historyMax, historyExpires, id, persons = unpack(ARGV, 1, 7)
local keep = math.max(tonumber(expires), redis.call("PEXPIRETIME", fields))
local keepHistory = math.max(tonumber(historyExpires), redis.call("PEXPIRETIME", history))
local at = 8
local function each(width, work)
  local last = at + tonumber(ARGV[at]) * width
  for i = at + 1, last, width do work(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
  at = last + 1
end
each(3, function(id, update, rank)
  prioritize(priority, updates, contact, tonumber(rank))
  redis.call("HSETNX", updates, id, update)
end)
each(1, function(id) redis.call("SADD", events, id) end)
each(3, function(field, stamp, origin)
  local kept = redis.call("HGET", fields, field)
  if not kept or older(cjson.decode(kept).stamp, stamp) then redis.call("HSET", fields, field, origin) end
end)
local notes, seen = {}, {}
local function add(text)
  if seen[text] then return end
  seen[text] = true
  notes[#notes + 1] = { text = text, at = tonumber(string.match(text, '^{"at":(%d+)')) or 0, index = #notes }
end
for _, text in ipairs(redis.call("LRANGE", history, 0, -1)) do add(text) end
each(1, add)
table.sort(notes, function(a, b) return a.at < b.at or (a.at == b.at and a.index < b.index) end)
redis.call("DEL", history)
for i = math.max(1, #notes - tonumber(historyMax) + 1), #notes do redis.call("RPUSH", history, notes[i].text) end
if id ~= "" and redis.call("HSETNX", fields, "contactId", id) == 1 then
  redis.call("HSETNX", persons .. id, contact, 0)
  redis.call("PEXPIREAT", persons .. id, math.max(keep, redis.call("PEXPIRETIME", persons .. id)))
end
redis.call("PEXPIREAT", fields, keep)
redis.call("PEXPIREAT", history, keepHistory)
if redis.call("HLEN", updates) > 0 then
  redis.call("PERSIST", events)
  redis.call("ZADD", waiting, "NX", now, contact)
else
  redis.call("PEXPIREAT", events, math.max(keep, redis.call("PEXPIRETIME", events)))
end
return 1`;
