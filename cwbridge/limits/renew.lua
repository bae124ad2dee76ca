-- Extend the slots of a live process.
-- ARGV: slot ms, calls...
local lapse = now_ms() + tonumber(ARGV[1])
for i = 2, #ARGV do
  redis.call('ZADD', slots, 'XX', 'GT', lapse, ARGV[i])
end
return 0
