-- Waiting keys go on at once, in their own lane and with what they have been through.
-- ARGV: keys...
-- Answer: how many
local count = 0
for _, key in ipairs(ARGV) do
  local job = read(key, 'state', 'lane')
  if job[1] == 'due' then
    put(key, 'due', job[2], now, 'enqueued')
    count = count + 1
  end
end
return count
