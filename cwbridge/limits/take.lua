-- Give a call its slot and its turn, or the reason why it gets none.
-- ARGV: call, limit, window ms, margin ms, concurrency, slot ms, recovery ms
-- A call is named {process}:{number}.
-- Answer: {'granted', ms until its turn} | {'full', 0} | {'held', ms, why}
local call, limit, window, margin = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local concurrency, lasts, recovery = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local process = string.match(call, '^[^:]*')
local now = now_ms()
local SILENT_MS = 150

local left, why = held(now)
if left > 0 then
  return {'held', left, why}
end
redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)

-- Whether a process that has waited longer goes first: it does as soon as this process would have more than its share of the
-- slots. Otherwise the process that frees a slot would always be the first to take it again.
local function others_first()
  redis.call('ZREMRANGEBYSCORE', looked, '-inf', now - SILENT_MS)
  local since = tonumber(redis.call('ZSCORE', line, process))
  local mine, processes, waits_longer = 1, 1, false
  local known = {[process] = true}
  local waiting = redis.call('ZRANGE', line, 0, -1, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    local other = waiting[i]
    if not redis.call('ZSCORE', looked, other) then
      redis.call('ZREM', line, other)
    elseif not known[other] then
      known[other], processes = true, processes + 1
      waits_longer = waits_longer or not since or tonumber(waiting[i + 1]) < since
    end
  end
  if not waits_longer then
    return false
  end
  for _, holder in ipairs(redis.call('ZRANGE', slots, 0, -1)) do
    local other = string.match(holder, '^[^:]*')
    if other == process then
      mine = mine + 1
    elseif not known[other] then
      known[other], processes = true, processes + 1
    end
  end
  return mine * processes > concurrency
end

if redis.call('ZCARD', slots) >= concurrency or others_first() then
  -- Two processes that ask in one millisecond get different scores.
  local last = tonumber(redis.call('ZRANGE', line, -1, -1, 'WITHSCORES')[2]) or 0
  redis.call('ZADD', line, 'NX', math.max(now, last + 1), process)
  redis.call('ZADD', looked, now, process)
  redis.call('PEXPIRE', line, 60000)
  redis.call('PEXPIRE', looked, 60000)
  return {'full', 0}
end
redis.call('ZREM', line, process)

-- Exact sliding log: the turn comes when the limit-th newest call is older than the window and the margin for jitter.
redis.call('ZREMRANGEBYSCORE', log, '-inf', now - window - margin)
local nth = limit_now(now, limit, recovery) - 1
local before = redis.call('ZREVRANGE', log, nth, nth, 'WITHSCORES')
local turn = now
if before[2] then
  turn = math.max(now, tonumber(before[2]) + window + margin)
end
redis.call('ZADD', log, turn, call)
redis.call('PEXPIRE', log, turn - now + window + margin + 1000)
redis.call('ZADD', slots, turn + lasts, call)
redis.call('PEXPIRE', slots, turn - now + lasts + 60000)
return {'granted', turn - now}
