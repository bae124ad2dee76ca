-- Held keys go on where they stood.
-- ARGV: keys...
-- Answer: how many
local count = 0
for _, key in ipairs(ARGV) do
  local job = read(key, 'state', 'hold', 'lane', 'due', 'reason', 'after')
  if job[2] then
    redis.call('HDEL', record_of(key), 'hold')
    if job[1] == 'held' then
      put(key, job[6], job[3], tonumber(job[4]), job[5])
    end
    count = count + 1
  end
end
return count
