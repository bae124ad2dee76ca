-- What the limiter of one system keeps in Redis; opens each of its scripts.
-- KEYS[1]  {ns}:limit:{system}:log      sorted set  a call -> the moment (ms) it is or will be sent; its turn
-- KEYS[2]  {ns}:limit:{system}:slots   sorted set  a call under way or waiting for its turn -> when its slot expires (ms)
-- KEYS[3]  {ns}:limit:{system}:state    hash        held_until (ms), held_for: no call before, and why
--                                                   cut_to (calls), cut_at (ms): limit after the last throttle, and when
--                                                   small_until (ms): a small job or a person is at work until then
-- KEYS[4]  {ns}:limit:{system}:line     sorted set  a process that found no slot -> since when it waits for one (ms)
-- KEYS[5]  {ns}:limit:{system}:looked   sorted set  the same -> when it last asked (ms); a silent process is skipped
-- KEYS[6]  {ns}:limit:{system}:freed    channel     a slot became free while a process waited for one
local log, slots, state, line, looked, freed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- How long calls are on hold from now (ms, 0 when they are not) and why.
local function held(now)
  local hold = redis.call('HMGET', state, 'held_until', 'held_for')
  local left = (tonumber(hold[1]) or 0) - now
  if left > 0 then
    return left, hold[2]
  end
  return 0, ''
end

-- The limit in force: the configured one, or less for a while after a throttle.
local function limit_now(now, limit, recovery)
  local cut = redis.call('HMGET', state, 'cut_to', 'cut_at')
  if not cut[1] then
    return limit
  end
  local grown = math.max(0, (now - tonumber(cut[2])) / recovery)
  if grown >= 1 then
    redis.call('HDEL', state, 'cut_to', 'cut_at')
    return limit
  end
  local base = math.min(limit, tonumber(cut[1]))
  return math.max(1, math.floor(base + (limit - base) * grown))
end

-- Wake the processes in line, if any.
local function tell_line()
  if redis.call('EXISTS', line) == 1 then
    redis.call('PUBLISH', freed, '0')
  end
end

-- Free the slots of the calls ARGV[from] and following.
local function free(from)
  if #ARGV >= from then
    redis.call('ZREM', slots, unpack(ARGV, from))
  end
end
