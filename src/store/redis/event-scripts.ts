import { turnsApart } from "../event-log.ts";
import { parkedFunctions } from "./parked-scripts.ts";
import { prioritizeFunction } from "./priority.ts";

/**
 * What every script of the log begins with. A record is a hash: `head` (the event as JSON, without what follows),
 * `attributes` (JSON), `payload`, `state`, `source`, `type`, `seq` (acceptance in microseconds), and only where they say something: `attempts`,
 * `replay`, `retried`, `erased`, `withdrawn`, `turn` (else `seq`), `lease`, `result`, `failure`, `waits`, `finished`,
 * `priority` (the rank, else 0), `accepted` (the one that it was accepted with, else 0).
 *
 * KEYS: the root of the log
 */
const common = `
local root = KEYS[1]
local clock = redis.call("TIME")
local micros = clock[1] * 1000000 + clock[2]
local now = math.floor(micros / 1000)
local function record(id) return root .. "event:" .. id end
local function turnOf(id)
  local held = redis.call("HMGET", record(id), "turn", "seq")
  return held[1] or held[2]
end
local apart = ${turnsApart}
local function exact(number) return string.format("%.0f", number) end
local function into(state, score, id) redis.call("ZADD", root .. state, exact(score), id) end
local function outOf(state, id) redis.call("ZREM", root .. state, id) end
local function nextTurn()
  local last = tonumber(redis.call("GET", root .. "last") or "0")
  local turn = math.max(last + 1, micros)
  redis.call("SET", root .. "last", exact(turn))
  return turn
end
`;

const forgetFunction = `
local function forget(id)
  local held = redis.call("HMGET", record(id), "source", "type")
  outOf("completed", id)
  outOf("all", id)
  if held[1] then
    outOf("source:" .. held[1], id)
    outOf("type:" .. held[2], id)
  end
  redis.call("DEL", record(id))
end
`;

const erased = `'{"outcome":"erased"}'`;
const dropped = `'{"outcome":"ignored","reason":"dropped","warnings":[]}'`;

/**
 * ARGV: retention in milliseconds, then per event: id, window, source, type, head, attributes, payload, replay, rank.
 * Answers ids.
 */
export const acceptScript = `${common}
local keepMs = ARGV[1]
local turn = nextTurn()
local ids, indexes = {}, {}
local function index(name, at, id)
  local list = indexes[name]
  if not list then
    list = {}
    indexes[name] = list
  end
  list[#list + 1] = at
  list[#list + 1] = id
end
for i = 2, #ARGV, 9 do
  local id, source, type, replay, rank = ARGV[i], ARGV[i + 2], ARGV[i + 3], ARGV[i + 7], ARGV[i + 8]
  local first = redis.call("SET", root .. "window:" .. ARGV[i + 1], id, "NX", "GET", "PX", keepMs)
  if first and first ~= id then
    ids[#ids + 1] = first
  else
    local key = record(id)
    if redis.call("EXISTS", key) == 0 then
      turn = turn + 1
      local at = exact(turn)
      redis.call("HSET", key, "head", ARGV[i + 4], "attributes", ARGV[i + 5], "payload", ARGV[i + 6],
        "state", "waiting", "source", source, "type", type, "seq", at)
      if replay ~= "0" then redis.call("HSET", key, "replay", replay) end
      if rank == "0" then
        index("waiting", at, id)
      else
        local own = exact(turn + rank * apart)
        redis.call("HSET", key, "turn", own, "priority", rank, "accepted", rank)
        index("waiting", own, id)
      end
      index("all", at, id)
      index("source:" .. source, at, id)
      index("type:" .. type, at, id)
    end
    ids[#ids + 1] = id
  end
end
for name, list in pairs(indexes) do
  -- Lua unpacks so many at once.
  for from = 1, #list, 1000 do
    redis.call("ZADD", root .. name, unpack(list, from, math.min(from + 999, #list)))
  end
end
redis.call("SET", root .. "last", exact(turn))
return ids`;

/** What a claim needs of a record, in this order. */
const claimedFields = `"payload", "head", "attributes", "replay", "retried", "erased", "withdrawn", "attempts",
  "priority"`;

/**
 * ARGV: limit, length of the lease in milliseconds, its name, bytes at most, how long finished events are kept. What is
 * older goes here, because a claim is asked for all the time. Then the first turn that may be taken. Answers records.
 */
export const claimScript = `${common}${forgetFunction}
local limit, leaseMs, lease, bytesMax = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local old = redis.call("ZRANGEBYSCORE", root .. "completed", "-inf", now - tonumber(ARGV[5]), "LIMIT", 0, limit * 2)
for _, id in ipairs(old) do forget(id) end
for _, state in ipairs({ "active", "delayed" }) do
  for _, id in ipairs(redis.call("ZRANGEBYSCORE", root .. state, "-inf", now, "LIMIT", 0, limit)) do
    outOf(state, id)
    local turn = turnOf(id)
    if turn then
      redis.call("HSET", record(id), "state", "waiting")
      redis.call("ZADD", root .. "waiting", turn, id)
    end
  end
end
local taken, bytes = {}, 0
for _, id in ipairs(redis.call("ZRANGEBYSCORE", root .. "waiting", ARGV[6], "+inf", "LIMIT", 0, limit)) do
  local held = redis.call("HMGET", record(id), ${claimedFields})
  if held[1] then
    bytes = bytes + #held[1]
    if #taken > 0 and bytes > bytesMax then break end
    outOf("waiting", id)
    into("active", now + leaseMs, id)
    redis.call("HDEL", record(id), "waits")
    held[8] = redis.call("HINCRBY", record(id), "attempts", 1)
    redis.call("HSET", record(id), "state", "active", "lease", lease)
    taken[#taken + 1] = held
  else
    outOf("waiting", id)
  end
end
return taken`;

/** ARGV: length of the lease, then id and lease of each. */
export const extendScript = `${common}
for i = 2, #ARGV, 2 do
  if redis.call("HGET", record(ARGV[i]), "lease") == ARGV[i + 1] then
    redis.call("ZADD", root .. "active", "XX", exact(now + tonumber(ARGV[1])), ARGV[i])
  end
end
return 1`;

/**
 * ARGV: the root of mailboxes, the caller's clock, events kept, then per conclusion: id, lease, kind, text,
 * delay, erased, its group among the parked, number of updates, and per update: contact, id, update, rank. Answers contacts,
 * each with the highest rank of what waits for it and 1 where something lower waited before.
 *
 * KEYS: the root of the log, the waiting contacts, their priorities, the root of the parked
 */
export const concludeScript = `${common}${forgetFunction}${prioritizeFunction}
local parked = KEYS[4]
${parkedFunctions}
local mailbox, posted = ARGV[1], ARGV[2]
local contacts, places = {}, {}
local function post(id, contact, update, text, rank)
  local events = mailbox .. contact .. ":events"
  local highest, raised = prioritize(KEYS[3], mailbox .. contact .. ":updates", contact, tonumber(rank))
  redis.call("HSETNX", mailbox .. contact .. ":updates", update, text)
  redis.call("SADD", events, id)
  redis.call("PERSIST", events)
  redis.call("ZADD", KEYS[2], "NX", posted, contact)
  local known = places[contact]
  if not known then
    known = { contact, highest, 0 }
    places[contact] = known
    contacts[#contacts + 1] = known
  end
  known[2] = highest
  if raised then known[3] = 1 end
end
local function finish(id, state, field, text)
  redis.call("HDEL", record(id), "result", "failure")
  redis.call("HSET", record(id), "state", state, field, text, "finished", now)
  into(state, now, id)
end
local at, finished = 4, 0
while at <= #ARGV do
  local id, lease, kind, text, delay, tags, group, count = unpack(ARGV, at, at + 7)
  at = at + 8
  local held = redis.call("HMGET", record(id), "state", "lease", "withdrawn")
  if held[1] == "active" and held[2] == lease then
    outOf("active", id)
    redis.call("HDEL", record(id), "lease")
    if held[3] then
      finish(id, "completed", "result", held[3] == "erased" and ${erased} or ${dropped})
    elseif kind == "completed" then
      finish(id, "completed", "result", text)
      for i = at, at + count * 4 - 1, 4 do post(id, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end
    elseif kind == "failed" then
      finish(id, "failed", "failure", text)
      park(id, group, exact(now), redis.call("HGET", record(id), "source") or "", now)
      if tags ~= "" then redis.call("HSET", record(id), "erased", tags) end
    elseif kind == "delayed" then
      redis.call("HSET", record(id), "state", "delayed", "waits", text)
      into("delayed", now + tonumber(delay), id)
    else
      redis.call("HSET", record(id), "state", "waiting")
      redis.call("ZADD", root .. "waiting", turnOf(id), id)
    end
    finished = finished + 1
  end
  at = at + count * 4
end
local most = finished * 2 + 20
local surplus = redis.call("ZCARD", root .. "completed") - tonumber(ARGV[3])
if surplus > 0 then
  for _, id in ipairs(redis.call("ZRANGE", root .. "completed", 0, math.min(surplus, most) - 1)) do forget(id) end
end
return contacts`;

/**
 * ARGV: id, the caller's clock, "1" for a replay, of a completed one too, its rank ("" for the one that the event was
 * accepted with), the run that must be its latest ("" for any).
 *
 * KEYS: the root of the log, the root of the parked
 */
export const againScript = `${common}
local parked = KEYS[2]
${parkedFunctions}
local id, replay = ARGV[1], ARGV[3] == "1"
local held = redis.call("HMGET", record(id), "state", "withdrawn", "priority", "accepted", "replay")
local state = held[1]
if ARGV[5] ~= "" and ARGV[5] ~= (held[5] or "0") then return 0 end
if held[2] or not (state == "failed" or (replay and state == "completed")) then return 0 end
local rank = tonumber((replay and (ARGV[4] ~= "" and ARGV[4] or held[4]) or held[3]) or "0")
local turn = nextTurn() + rank * apart
outOf(state, id)
if state == "failed" then unpark(id) end
redis.call("HDEL", record(id), "result", "failure", "finished", "attempts")
redis.call("HSET", record(id), "state", "waiting", "retried", ARGV[2], "turn", exact(turn))
if rank ~= 0 or held[3] then redis.call("HSET", record(id), "priority", rank) end
if replay then redis.call("HINCRBY", record(id), "replay", 1) end
into("waiting", turn, id)
return 1`;

/**
 * ARGV: "erased" or "dropped", then ids. Dropped are only those that failed. Answers how many.
 *
 * KEYS: the root of the log, the root of the parked
 */
export const withdrawScript = `${common}
local parked = KEYS[2]
${parkedFunctions}
local how, count = ARGV[1], 0
for i = 2, #ARGV do
  local id = ARGV[i]
  local state = redis.call("HGET", record(id), "state")
  if state and (how == "erased" or state == "failed") then
    count = count + 1
    redis.call("HDEL", record(id), "erased", "failure", "waits")
    redis.call("HSET", record(id), "attributes", "{}", "payload", "null", "withdrawn", how)
    if state ~= "active" then
      outOf(state, id)
      if state == "failed" then unpark(id) end
      redis.call("HSET", record(id), "state", "completed", "result", how == "erased" and ${erased} or ${dropped})
      if state ~= "completed" then redis.call("HSET", record(id), "finished", now) end
      into("completed", redis.call("HGET", record(id), "finished"), id)
    end
  end
end
return count`;

/** Whether an event is one of those asked for by `source`, `type`, `state`, `from` and `to`; and when it was accepted. */
const fitsFunction = `
local function fits(id)
  local held = redis.call("HMGET", record(id), "state", "source", "type", "seq")
  local seq = tonumber(held[4] or "0")
  return held[1] and (state == "" or held[1] == state) and (source == "" or held[2] == source)
    and (type == "" or held[3] == type) and seq >= from and seq <= to, seq
end
`;

/** What a list needs of a record, in this order. */
const listedFields = `"head", "replay", "retried", "erased", "withdrawn", "state", "result", "failure", "waits",
  "priority"`;

/**
 * With a state a list goes by the scores of that state, without by acceptance. A contact's events, or those of a source
 * or type that has few, are gathered and sorted; else the state, or the smallest of the other indexes, is walked.
 *
 * KEYS: the root of the log, the events of the contact. ARGV: limit, how many are looked at, the score and member behind
 * which it goes on, source, type, state, from and to in microseconds, "1" for a contact. Answers the score and member of
 * the last one looked at ("" when that was all), and records.
 */
export const listScript = `${common}
local limit, most, score, member = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local source, type, state, from, to = ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local order = root .. (state == "" and "all" or state)
local found = {}
${fitsFunction}local function show(id) found[#found + 1] = redis.call("HMGET", record(id), ${listedFields}) end

local function gather(ids)
  local fitting = {}
  for _, id in ipairs(ids) do
    local at = fits(id) and tonumber(redis.call("ZSCORE", order, id))
    if at and (member == "" or at < tonumber(score) or (at == tonumber(score) and id < member)) then
      fitting[#fitting + 1] = { id = id, at = at }
    end
  end
  table.sort(fitting, function(a, b) return a.at > b.at or (a.at == b.at and a.id > b.id) end)
  for i = 1, math.min(limit, #fitting) do show(fitting[i].id) end
  local last = fitting[limit]
  if not last or #fitting == limit then return { "", "", found } end
  return { exact(last.at), last.id, found }
end

local function walk(index)
  local start = 0
  if member ~= "" then
    local rank = redis.call("ZREVRANK", index, member)
    start = rank and rank + 1 or redis.call("ZCOUNT", index, "(" .. score, "+inf")
  elseif state == "" then
    start = redis.call("ZCOUNT", index, "(" .. exact(to), "+inf")
  end
  local looked, last = 0, false
  for _, id in ipairs(redis.call("ZREVRANGE", index, start, start + most - 1)) do
    local fit, seq = fits(id)
    -- What is behind it is older still.
    if state == "" and seq > 0 and seq < from then return { "", "", found } end
    looked, last = looked + 1, id
    if fit then show(id) end
    if #found == limit then break end
  end
  if not last or start + looked >= redis.call("ZCARD", index) then return { "", "", found } end
  return { redis.call("ZSCORE", index, last), last, found }
end

if ARGV[10] == "1" then return gather(redis.call("SMEMBERS", KEYS[2])) end
local index, size = order, redis.call("ZCARD", order)
for name, value in pairs({ source = source, type = type }) do
  local own = value ~= "" and redis.call("ZCARD", root .. name .. ":" .. value)
  if own and own < size then index, size = root .. name .. ":" .. value, own end
end
if index ~= order and state ~= "" then
  if size <= most then return gather(redis.call("ZRANGE", index, 0, -1)) end
  index = order
end
return walk(index)`;

/**
 * Counts, oldest first, as many as may be looked at, behind as many as were looked at before.
 *
 * KEYS: the root of the log, the events of the contact. ARGV: how many are looked at, how many were, source, type, state,
 * from and to in microseconds, "1" for a contact. Answers how many fit, and how many were looked at, -1 when that was all.
 */
export const countScript = `${common}
local most, offset = tonumber(ARGV[1]), tonumber(ARGV[2])
local source, type, state, from, to = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
${fitsFunction}
local count = 0
if ARGV[8] == "1" then
  for _, id in ipairs(redis.call("SMEMBERS", KEYS[2])) do
    if fits(id) then count = count + 1 end
  end
  return { count, -1 }
end
local index, size = root .. "all", redis.call("ZCARD", root .. "all")
for name, value in pairs({ source = source, type = type }) do
  local own = value ~= "" and redis.call("ZCARD", root .. name .. ":" .. value)
  if own and own < size then index, size = root .. name .. ":" .. value, own end
end
local ids = redis.call("ZRANGEBYSCORE", index, exact(from), exact(to), "LIMIT", offset, most)
for _, id in ipairs(ids) do
  if fits(id) then count = count + 1 end
end
return { count, #ids < most and -1 or offset + #ids }`;
