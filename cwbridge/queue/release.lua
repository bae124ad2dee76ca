-- Held keys go on where they stood.
-- ARGV: keys...
-- Answer: how many were released
local count = 0
for _, key in ipairs(ARGV) do
  count = count + let_go(key)
end
return count
