-- Release held keys into the states they were held in.
-- ARGV: keys...
-- Answer: how many were released
local count = 0
for _, key in ipairs(ARGV) do
  count = count + release_key(key)
end
return count
