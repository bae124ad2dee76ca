-- Keep all processes from calling for a while; a throttle also cuts the limit, once per window however many calls were throttled.
-- ARGV: ms, why, limit, window ms, recovery ms
local now = now_ms()
local left = held(now)
if tonumber(ARGV[1]) > left then
  redis.call('HSET', state, 'held_until', now + tonumber(ARGV[1]), 'held_for', ARGV[2])
end
if ARGV[2] == 'throttled' then
  local cut_at = tonumber(redis.call('HGET', state, 'cut_at'))
  if not cut_at or now - cut_at >= tonumber(ARGV[4]) then
    local limit = limit_now(now, tonumber(ARGV[3]), tonumber(ARGV[5]))
    redis.call('HSET', state, 'cut_to', math.max(1, math.floor(limit * 0.7)), 'cut_at', now)
  end
end
return 0
