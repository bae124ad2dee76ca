-- The places of a living process do not lapse.
-- ARGV: place ms, calls...
local lapse = now_ms() + tonumber(ARGV[1])
for i = 2, #ARGV do
  redis.call('ZADD', places, 'XX', 'GT', lapse, ARGV[i])
end
return 0
