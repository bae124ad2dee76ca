-- Moves a watermark forward, unless Redis was wiped since the reading began: what that reading enqueued before is lost.
-- KEYS: watermark, epoch   ARGV: moment, epoch of the reading
if redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
local current = redis.call('GET', KEYS[1])
if not current or current < ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1])
end
return 1
