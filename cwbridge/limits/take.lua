-- Give a call its place and its turn, or say why not.
-- ARGV: call, limit, window ms, margin ms, concurrency, place ms, recovery ms
-- Answer: {'granted', ms until its turn} | {'full', 0} | {'held', ms, why}
local call, limit, window, margin = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local concurrency, lasts, recovery = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local now = now_ms()

local left, why = held(now)
if left > 0 then
  return {'held', left, why}
end
redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
if redis.call('ZCARD', places) >= concurrency then
  return {'full', 0}
end

-- Exact sliding log: the call may go once the limit-th newest call is older than the window and the margin for jitter.
redis.call('ZREMRANGEBYSCORE', log, '-inf', now - window - margin)
local nth = limit_now(now, limit, recovery) - 1
local before = redis.call('ZREVRANGE', log, nth, nth, 'WITHSCORES')
local turn = now
if before[2] then
  turn = math.max(now, tonumber(before[2]) + window + margin)
end
redis.call('ZADD', log, turn, call)
redis.call('PEXPIRE', log, turn - now + window + margin + 1000)
redis.call('ZADD', places, turn + lasts, call)
redis.call('PEXPIRE', places, turn - now + lasts + 60000)
return {'granted', turn - now}
