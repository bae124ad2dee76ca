-- Hold keys: at once, or as soon as the run under way has ended. Unknown keys are held in advance.
-- ARGV: duration (ms, 0 for until they are released), keys...
-- Answer: how many were not held before
local lasts = tonumber(ARGV[1])
local count = 0
for place = 2, #ARGV do
  local key = ARGV[place]
  local job = read(key, 'state', 'hold', 'waits_for')
  if not job.hold then
    if not job.state then
      redis.call('HSET', record_of(key), 'generation', 0, 'run_generation', 0, 'flow', '', 'lane', 'backlog', 'mode', 'if_changed', 'due', now, 'reason', 'enqueued')
      afresh(key, now)
    end
    redis.call('HSET', record_of(key), 'hold', 1)
    if lasts > 0 then
      redis.call('ZADD', pauses, now + lasts, key)
    end
    if job.state == 'due' or job.state == 'dispatched' then
      put(key, 'due')
    elseif job.state == 'waiting' then
      put(key, 'waiting', {waits_for = job.waits_for})
    elseif job.state == 'dead' then
      put(key, 'dead')
    elseif not job.state then
      put(key, 'gone')
    end
    count = count + 1
  end
end
return count
