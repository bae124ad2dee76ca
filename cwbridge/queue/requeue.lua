-- Requeue dead, waiting and due keys, each after its own delay, which a new enqueue ends.
-- ARGV: actor, lane, mode, '1' to requeue only dead keys and to keep their age, then key, delay ms for each
-- Answer: the keys that were requeued
local by, lane, mode, only_dead = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local requeued = {}
for place = 5, #ARGV, 2 do
  local key, delay = ARGV[place], tonumber(ARGV[place + 1])
  local job = read(key, 'state', 'flow', 'mode', 'since')
  if job.state == 'dead' or (not only_dead and (job.state == 'due' or job.state == 'waiting')) then
    afresh(key, only_dead and job.since or now)
    put(key, 'due', {lane = lane, mode = stronger(mode, job.mode), at = now + delay, reason = delay > 0 and 'retry' or 'enqueued'})
    redis.call('HINCRBY', counters, 'requeues|' .. job.flow .. '|' .. by, 1)
    requeued[#requeued + 1] = key
  end
end
return requeued
