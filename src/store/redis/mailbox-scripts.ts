import { olderFunction } from "./older.ts";
import { prioritizeLeftFunction } from "./priority.ts";

/**
 * Whose a reference is. Before anything is written, what others of the same person have applied that is newer than what
 * was sent is answered, unless it is given up. One that leaves a person takes that one's stamps along and leaves them
 * there. One that joins finds requests of the others on the wire as long as something waits for these.
 */
const personFunctions = `
local function ofKeys(root, ref, name) return root .. ref .. ":" .. name end
local function eachField(key, work)
  local flat = redis.call("HGETALL", key)
  for i = 1, #flat, 2 do if flat[i] ~= "contactId" then work(flat[i], flat[i + 1]) end end
end
local function keepNewer(key, field, text)
  local kept = redis.call("HGET", key, field)
  if not kept or older(cjson.decode(kept).stamp, cjson.decode(text).stamp) then redis.call("HSET", key, field, text) end
end
local function leave(root, persons, ref, id, keepMs)
  local own = ofKeys(root, ref, "fields")
  local former = redis.call("HGET", own, "contactId")
  if not former or former == id then return end
  redis.call("HDEL", persons .. former, ref)
  local rest = redis.call("HKEYS", persons .. former)
  for _, other in ipairs(rest) do
    eachField(ofKeys(root, other, "fields"), function(field, text) keepNewer(own, field, text) end)
  end
  for _, other in ipairs(rest) do
    local theirs = ofKeys(root, other, "fields")
    eachField(own, function(field, text) keepNewer(theirs, field, text) end)
    redis.call("PEXPIRE", theirs, keepMs, "NX")
  end
end
local function join(root, persons, ref, id, keepMs, most)
  leave(root, persons, ref, id, keepMs)
  local own = ofKeys(root, ref, "fields")
  if redis.call("HEXISTS", persons .. id, ref) == 0 and redis.call("HLEN", persons .. id) >= most then
    redis.call("HDEL", own, "contactId")
    return
  end
  redis.call("HSET", own, "contactId", id)
  redis.call("PEXPIRE", own, keepMs)
  redis.call("HSETNX", persons .. id, ref, 0)
end
`;

/**
 * KEYS: updates, fields, history, events, the waiting contacts, their priorities
 * ARGV: contact, now, how long its stamps are kept, length of history, how long that is kept, what the keys of contacts
 *   and of persons begin with, the contact's id or nothing, how long a request may be on the wire, references of one
 *   person, whether the others were kept from the API, how long a settlement is recent; then seven lists, each after its length: sent, done, notes, fields (with stamp and origin), other references
 *   of the person, what is given up (contact, field, stamp), what the API holds by the requests (as fields; none where it is these)
 */
export const settleScript = `${olderFunction}${prioritizeLeftFunction}${personFunctions}
local updates, fields, history, events, waiting, priority = unpack(KEYS)
local contact, now, keepMs, historyMax, historyMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local root, persons, id, holdMs, most = ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local isHeld, recentMs = ARGV[11] == "1", tonumber(ARGV[12])
local at = 13
local function list(width)
  local first = at + 1
  at = first + tonumber(ARGV[at]) * width
  return first, at - 1
end
local sentFrom, sentTo = list(1)
local doneFrom, doneTo = list(1)
local noteFrom, noteTo = list(1)
local appliedFrom, appliedTo = list(3)
local alsoFrom, alsoTo = list(1)
local givenFrom, givenTo = list(3)
local writtenFrom, writtenTo = list(3)
local waits = sentTo < sentFrom
for i = sentFrom, sentTo do waits = waits or redis.call("HEXISTS", updates, ARGV[i]) == 1 end
if not waits then return 0 end
if writtenTo < writtenFrom then writtenFrom, writtenTo = appliedFrom, appliedTo end
-- Most references are their person's only one, and are settled for the first time or the next.
local known = id ~= "" and redis.call("HGET", fields, "contactId")
local isPlain = id ~= "" and alsoTo < alsoFrom and givenTo < givenFrom
local members = isPlain and redis.call("HLEN", persons .. id)
if isPlain and members == 0 and not known then
  redis.call("HSET", fields, "contactId", id)
  redis.call("HSET", persons .. id, contact, 0)
  redis.call("PEXPIRE", persons .. id, keepMs)
elseif isPlain and members == 1 and known == id and redis.call("HEXISTS", persons .. id, contact) == 1 then
  redis.call("PEXPIRE", persons .. id, keepMs)
elseif id ~= "" then
  local isNew = redis.call("HEXISTS", persons .. id, contact) == 0
  local others, seen = {}, { [contact] = true }
  local function meet(ref)
    if not seen[ref] then others[#others + 1] = ref end
    seen[ref] = true
  end
  -- One that finds no room goes on by itself.
  local isApart = isNew and redis.call("HLEN", persons .. id) >= most
  for _, ref in ipairs(isApart and {} or redis.call("HKEYS", persons .. id)) do meet(ref) end
  for i = alsoFrom, alsoTo do meet(ARGV[i]) end
  local given, overtaken = {}, {}
  for i = givenFrom, givenTo, 3 do given[cjson.encode({ ARGV[i], ARGV[i + 1], ARGV[i + 2] })] = true end
  local function again(ref, field, stamp, text)
    if given[cjson.encode({ ref, field, stamp })] then return end
    for _, part in ipairs({ ref, field, text }) do overtaken[#overtaken + 1] = part end
  end
  for i = writtenFrom, writtenTo, 3 do
    local field, mine = ARGV[i], ARGV[i + 1]
    local isNewest, isDoubtful = true, false
    for _, ref in ipairs(others) do
      local theirs = ofKeys(root, ref, "fields")
      local kept = redis.call("HGET", theirs, field)
      local stamp = kept and cjson.decode(kept).stamp
      if kept and older(mine, stamp) then
        isNewest = false
        again(ref, field, stamp, kept)
      elseif kept and older(stamp, mine) and keepMs - redis.call("PTTL", theirs) <= recentMs then
        isDoubtful = true
      end
    end
    if isNewest and isDoubtful and not isHeld then again(contact, field, mine, ARGV[i + 2]) end
  end
  if #overtaken > 0 then return overtaken end
  for i = givenFrom, givenTo, 3 do redis.call("HDEL", ofKeys(root, ARGV[i], "fields"), ARGV[i + 1]) end
  join(root, persons, contact, id, keepMs, most)
  if redis.call("HEXISTS", persons .. id, contact) == 1 then redis.call("HSET", persons .. id, contact, 0) end
  for i = alsoFrom, alsoTo do join(root, persons, ARGV[i], id, keepMs, most) end
  for _, ref in ipairs(others) do
    local held = tonumber(redis.call("HGET", persons .. id, ref) or "-1")
    if isNew and held >= 0 and held <= now and redis.call("EXISTS", ofKeys(root, ref, "updates")) == 1 then
      redis.call("HSET", persons .. id, ref, string.format("%.0f", now + holdMs))
    end
  end
  redis.call("PEXPIRE", persons .. id, keepMs)
end
for i = doneFrom, doneTo do redis.call("HDEL", updates, ARGV[i]) end
for i = appliedFrom, appliedTo, 3 do
  local kept = redis.call("HGET", fields, ARGV[i])
  if not kept or older(cjson.decode(kept).stamp, ARGV[i + 1]) then redis.call("HSET", fields, ARGV[i], ARGV[i + 2]) end
end
if noteTo >= noteFrom then
  for i = noteFrom, noteTo do redis.call("RPUSH", history, ARGV[i]) end
  redis.call("LTRIM", history, -historyMax, -1)
  local function oldest() return tonumber(string.match(redis.call("LINDEX", history, 0) or "", '^{"at":(%d+)')) end
  local first = oldest()
  while first and first <= now - historyMs do
    redis.call("LPOP", history)
    first = oldest()
  end
  redis.call("PEXPIRE", history, historyMs)
end
redis.call("PEXPIRE", fields, keepMs)
if redis.call("HLEN", updates) == 0 then
  redis.call("ZREM", waiting, contact)
  redis.call("HDEL", priority, contact)
  redis.call("PEXPIRE", events, keepMs)
elseif doneTo >= doneFrom then
  prioritizeLeft(priority, updates, contact)
  redis.call("ZADD", waiting, "XX", now, contact)
end
return 1`;

/** ARGV: "1" with the history, the contact, what the keys of contacts and of persons begin with. */
export const readScript = `
local notes = ARGV[1] == "1" and redis.call("LRANGE", KEYS[3], 0, -1) or {}
local linked, theirs = {}, {}
local id = redis.call("HGET", KEYS[2], "contactId")
if id then
  for _, ref in ipairs(redis.call("HKEYS", ARGV[4] .. id)) do
    if ref ~= ARGV[2] then
      linked[#linked + 1] = ref
      theirs[#theirs + 1] = redis.call("HGETALL", ARGV[3] .. ref .. ":fields")
    end
  end
end
return { redis.call("HVALS", KEYS[1]), redis.call("HGETALL", KEYS[2]), notes, linked, theirs }`;

/**
 * Answers until when another reference of the person has a request on the wire, else 0. Whoever asks has none there.
 *
 * ARGV: the contact, what the keys of persons begin with, now, for how long; 0 to let go
 */
export const holdScript = `
local id = redis.call("HGET", KEYS[1], "contactId")
if not id then return 0 end
local person, now, forMs = ARGV[2] .. id, tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call("HEXISTS", person, ARGV[1]) == 0 then return 0 end
if forMs == 0 then
  redis.call("HSET", person, ARGV[1], 0)
  return 0
end
local flat, latest = redis.call("HGETALL", person), 0
for i = 1, #flat, 2 do
  if flat[i] ~= ARGV[1] then latest = math.max(latest, tonumber(flat[i + 1])) end
end
if latest > now then
  redis.call("HSET", person, ARGV[1], 0)
  return string.format("%.0f", latest)
end
redis.call("HSET", person, ARGV[1], string.format("%.0f", now + forMs))
return 0`;

/**
 * The events of a contact for which something waits have no expiry: they keep none.
 *
 * KEYS: fields and events of each. ARGV: how long, what the keys of persons begin with
 */
export const rememberScript = `
for i = 1, #KEYS, 2 do
  local id = redis.call("HGET", KEYS[i], "contactId")
  if id then redis.call("PEXPIRE", ARGV[2] .. id, ARGV[1], "XX") end
  redis.call("PEXPIRE", KEYS[i], ARGV[1], "XX")
  redis.call("PEXPIRE", KEYS[i + 1], ARGV[1], "XX")
end
return 1`;

/**
 * One for which nothing waits any more, because it was erased, waits for nobody.
 *
 * KEYS: updates, the contact's own set, the set of each name. ARGV: the contact, for how long, the names
 */
export const awaitScript = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
for i = 3, #KEYS do
  redis.call("SADD", KEYS[i], ARGV[1])
  redis.call("PEXPIRE", KEYS[i], ARGV[2])
  redis.call("SADD", KEYS[2], ARGV[i])
end
redis.call("PEXPIRE", KEYS[2], ARGV[2])
return 1`;

export const eraseScript = `
local ids = redis.call("SMEMBERS", KEYS[4])
local person = redis.call("HGET", KEYS[2], "contactId")
if person then redis.call("HDEL", ARGV[4] .. person, ARGV[1]) end
redis.call("DEL", KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call("ZREM", KEYS[5], ARGV[1])
redis.call("HDEL", KEYS[7], ARGV[1])
for _, id in ipairs(ids) do redis.call("ZADD", KEYS[6], ARGV[2], id) end
redis.call("ZREMRANGEBYSCORE", KEYS[6], "-inf", ARGV[2] - ARGV[3])
redis.call("PEXPIRE", KEYS[6], ARGV[3])
return ids`;
