-- How much work there is.
-- Answer: due, scheduled, dispatched, running, dead, held, age of the oldest due key (ms), next due moment (ms, -1 for none), now
local due, scheduled, oldest, upcoming = 0, 0, now, -1
for lane in pairs(RANK) do
  local ready = redis.call('ZCOUNT', due_set(lane), '-inf', now)
  due = due + ready
  scheduled = scheduled + redis.call('ZCARD', due_set(lane)) - ready
  local first = redis.call('ZRANGE', due_set(lane), 0, 0, 'WITHSCORES')[2]
  oldest = math.min(oldest, tonumber(first) or now)
  local coming = redis.call('ZRANGEBYSCORE', due_set(lane), '(' .. string.format('%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if coming and (upcoming < 0 or tonumber(coming) < upcoming) then
    upcoming = tonumber(coming)
  end
end
local running = 0
for _, key in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  if read(key, 'state')[1] == 'running' then
    running = running + 1
  end
end
local dispatched = redis.call('ZCARD', leases) - running
return {due, scheduled, dispatched, running, redis.call('ZCARD', dead), redis.call('ZCARD', held), now - oldest, upcoming, now}
