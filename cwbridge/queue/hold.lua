-- Keep keys from running: at once, or as soon as the run under way has ended. Unknown keys are held in advance.
-- ARGV: for how long (ms, 0 until they are released), keys...
-- Answer: how many were not held before
local lasts = tonumber(ARGV[1])
local count = 0
for slot = 2, #ARGV do
  local key = ARGV[slot]
  local job = read(key, 'state', 'hold', 'lane', 'due', 'reason')
  if not job[2] then
    redis.call('HSET', record_of(key), 'hold', 1)
    if lasts > 0 then
      redis.call('ZADD', pauses, now + lasts, key)
    end
    if job[1] == 'due' or job[1] == 'dispatched' then
      put(key, 'due', job[3], tonumber(job[4]), job[5])
    elseif job[1] == 'dead' then
      put(key, 'dead')
    elseif not job[1] then
      redis.call('HSET', record_of(key), 'generation', 0, 'run_generation', 0, 'lane', 'fresh', 'due', now, 'reason', 'enqueued')
      afresh(key, now)
      put(key, 'gone')
    end
    count = count + 1
  end
end
return count
