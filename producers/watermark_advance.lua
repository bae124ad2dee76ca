-- Moves a watermark forward, unless Redis was wiped, restarted or replaced by another primary since the reading began: what that
-- reading enqueued before may be lost.
-- KEYS: watermark, epoch   ARGV: moment, epoch of the reading
local epoch = redis.call('GET', KEYS[2])
if not epoch or epoch .. '@' .. replication_id() ~= ARGV[2] then
  return 0
end
local current = redis.call('GET', KEYS[1])
if not current or current < ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1])
end
return 1
