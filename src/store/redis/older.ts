/** Lua: stamps compare byte by byte, for Lua's own comparison would follow the server's locale. */
export const olderFunction = `
local function older(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end`;
