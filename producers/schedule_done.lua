-- Closes a slot of a schedule, unless another primary has taken over since its action began: what that enqueued may be lost.
-- KEYS: schedule   ARGV: slot, id of the primary when the action began
if replication_id() ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return 1
