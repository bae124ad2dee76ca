-- Confirm a call whose turn has come, unless calls were put on hold meanwhile; a late call is logged at its true moment.
-- ARGV: call, '1' when late
-- Answer: ms until the hold ends, 0 when the call may go
local now = now_ms()
local left = held(now)
if left > 0 then
  return left
end
if ARGV[2] == '1' then
  redis.call('ZADD', log, 'XX', now, ARGV[1])
end
return 0
