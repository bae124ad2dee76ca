-- How much work there is, by flow; as fast with a hundred thousand jobs as with one.
-- Answer: now, next moment at which a key becomes due (ms, -1 for none), since when the longest due key is due (ms, -1 for none),
--       fields and values of {ns}:states, then for each flow: its name, due, scheduled, and by lane (interactive, fresh, backlog)
--       since when the oldest pending key is (ms, -1 for none)
local function first(set)
  return tonumber(redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2])
end

local upcoming, longest = first(waiting) or math.huge, math.huge
local answer = {now, -1, -1, redis.call('HGETALL', states)}
for _, flow in ipairs(redis.call('SMEMBERS', flows)) do
  local due, scheduled, oldest = 0, 0, {}
  for _, lane in ipairs({'interactive', 'fresh', 'backlog'}) do
    local set = due_set(flow, lane)
    local ready = redis.call('ZCOUNT', set, '-inf', now)
    due, scheduled = due + ready, scheduled + redis.call('ZCARD', set) - ready
    if ready > 0 then
      longest = math.min(longest, first(set))
    end
    local coming = redis.call('ZRANGEBYSCORE', set, '(' .. string.format('%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
    upcoming = math.min(upcoming, tonumber(coming) or math.huge)
    oldest[#oldest + 1] = first(pending_set(flow, lane)) or -1
  end
  answer[#answer + 1] = {flow, due, scheduled, unpack(oldest)}
end
if upcoming < math.huge then
  answer[2] = upcoming
end
if longest < math.huge then
  answer[3] = longest
end
return answer
