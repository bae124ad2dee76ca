-- How much of a limit is used; changes no limit.
-- ARGV: limit, window ms, recovery ms
-- Answer: calls allowed per window now, calls of the window that ends now, slots taken, ms on hold (0: not on hold), why
local limit, window, recovery = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = now_ms()
local left, why = held(now)
return {
  limit_now(now, limit, recovery),
  redis.call('ZCOUNT', log, string.format('(%.0f', now - window), now),
  redis.call('ZCOUNT', slots, string.format('(%.0f', now), '+inf'),
  left,
  why,
}
