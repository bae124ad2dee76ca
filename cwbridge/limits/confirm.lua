-- A call woke for its turn: it goes unless everybody is held meanwhile; a late one is logged at its true moment.
-- ARGV: call, '1' when late
-- Answer: ms held, 0 to go
local now = now_ms()
local left = held(now)
if left > 0 then
  return left
end
if ARGV[2] == '1' then
  redis.call('ZADD', log, 'XX', now, ARGV[1])
end
return 0
