-- Give calls their slots and turns, or the reason why they get none.
-- ARGV: process, number of the first call, how many calls, limit, window ms, margin ms, concurrency, slot ms, recovery ms,
--       '1' for bulk, bounds, bounds beside small jobs, calls whose slots are free again...
-- A call is named {process}:{number}. Bounds are pairs 'part of the limit,part of the window' joined by ';'.
-- Answer: {'granted', ms until the turn of each...} | {'full', ms until it is worth to ask again, 0: when a slot is free}
--         | {'held', ms, why}
local process, number, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, window, concurrency = tonumber(ARGV[4]), tonumber(ARGV[5]) + tonumber(ARGV[6]), tonumber(ARGV[7])
local lasts, recovery, is_bulk = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10] == '1'
local now = now_ms()
local SILENT_MS, AHEAD_MS, SMALL_LASTS_MS = 400, 250, 1000

free(13)
local left, why = held(now)
if left > 0 then
  return {'held', left, why}
end
redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
local taken = redis.call('ZCARD', slots)

local bounds = ARGV[11]
if not is_bulk then
  redis.call('HSET', state, 'small_until', now + SMALL_LASTS_MS)
elseif (tonumber(redis.call('HGET', state, 'small_until')) or 0) > now then
  bounds = ARGV[12]
  -- A slot is left to the small job.
  concurrency = math.max(1, concurrency - 1)
end

-- Whether a process that has waited longer goes first: it does as soon as this process would have more than its share of the
-- slots. Otherwise the process that frees a slot would always be the first to take it again.
local function others_first()
  if redis.call('EXISTS', line) == 0 then
    return false
  end
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

-- Tell the processes in line of slots that this one has freed and does not take again.
local function tell_others()
  if #ARGV >= 13 and taken < concurrency then
    tell_line()
  end
end

-- Exact sliding log: the turn comes when the newest calls leave room for one more within every bound.
local allowed = limit_now(now, limit, recovery)
local function next_turn()
  local turn = now
  for of_limit, of_window in string.gmatch(bounds, '([^,;]+),([^,;]+)') do
    local nth = math.max(1, math.ceil(allowed * of_limit)) - 1
    local before = redis.call('ZREVRANGE', log, nth, nth, 'WITHSCORES')
    if before[2] then
      turn = math.max(turn, math.ceil(tonumber(before[2]) + window * of_window))
    end
  end
  return turn
end

redis.call('ZREMRANGEBYSCORE', log, '-inf', now - window)
local granted, last = {'granted'}, now
for i = 0, count - 1 do
  if taken >= concurrency or others_first() then
    if i == 0 then
      -- Two processes that ask in one millisecond get different scores.
      local newest = tonumber(redis.call('ZRANGE', line, -1, -1, 'WITHSCORES')[2]) or 0
      redis.call('ZADD', line, 'NX', math.max(now, newest + 1), process)
      redis.call('ZADD', looked, now, process)
      redis.call('PEXPIRE', line, 60000)
      redis.call('PEXPIRE', looked, 60000)
      tell_others()
      return {'full', 0}
    end
    break
  end
  local turn = next_turn()
  if turn - now > AHEAD_MS then
    if i == 0 then
      redis.call('ZREM', line, process)
      tell_others()
      return {'full', turn - now - AHEAD_MS / 2}
    end
    break
  end
  if i == 0 then
    redis.call('ZREM', line, process)
  end
  local call = process .. ':' .. (number + i)
  redis.call('ZADD', log, turn, call)
  redis.call('ZADD', slots, turn + lasts, call)
  granted[i + 2], last, taken = turn - now, turn, taken + 1
end
redis.call('PEXPIRE', log, last - now + window + 1000)
redis.call('PEXPIRE', slots, last - now + lasts + 60000)
tell_others()
return granted
