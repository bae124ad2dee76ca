-- Dead and parked keys start over, before everything else.
-- ARGV: keys...
-- Answer: how many
local count = 0
for _, key in ipairs(ARGV) do
  local state = read(key, 'state')[1]
  if state == 'dead' or state == 'due' then
    afresh(key, now)
    put(key, 'due', 'interactive', now, 'enqueued')
    count = count + 1
  end
end
return count
