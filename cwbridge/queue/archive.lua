-- Archive dead keys: their version stays known, so that a newer version revives them and a full sync does not.
-- ARGV: keys...
-- Answer: how many
local count = 0
for _, key in ipairs(ARGV) do
  local job = read(key, 'state', 'flow')
  if job.state == 'dead' then
    put(key, 'gone')
    redis.call('HSET', archived, key, string.format('%.0f|%s', now, job.flow))
    count = count + 1
  end
end
return count
