-- Forget dead keys; their version stays known, so that only a newer one brings them back, and no full pass.
-- ARGV: keys...
-- Answer: how many
local count = 0
for _, key in ipairs(ARGV) do
  if read(key, 'state')[1] == 'dead' then
    put(key, 'gone')
    redis.call('HSET', archived, key, now)
    count = count + 1
  end
end
return count
