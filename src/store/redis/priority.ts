/**
 * Lua: to be called before an update is put to those that wait. Answers the highest rank of what waits with it, and
 * whether only lower ones waited until now. The hash names the highest rank of a contact where it is not the usual one.
 */
export const prioritizeFunction = `
local function prioritize(hash, updates, contact, rank)
  local held = redis.call("HGET", hash, contact)
  local before, waits = tonumber(held or "0"), redis.call("EXISTS", updates) == 1
  local highest = waits and math.min(before, rank) or rank
  if highest ~= before then
    if highest == 0 then redis.call("HDEL", hash, contact) else redis.call("HSET", hash, contact, highest) end
  end
  return highest, waits and highest < before
end
`;

/** Lua: after updates have gone, of a contact for which others still wait. */
export const prioritizeLeftFunction = `
local function prioritizeLeft(hash, updates, contact)
  local highest = 1
  for _, text in ipairs(redis.call("HVALS", updates)) do
    -- The name alone is in a patch, too; where there is none at all, nothing has to be read.
    local priority = string.find(text, '"priority":', 1, true) and cjson.decode(text).priority
    highest = math.min(highest, priority == "high" and -1 or priority == "low" and 1 or 0)
  end
  if highest == 0 then redis.call("HDEL", hash, contact) else redis.call("HSET", hash, contact, highest) end
end
`;
