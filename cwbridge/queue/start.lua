-- Start the run of a delivery, unless the delivery is stale.
-- ARGV: key, fencing token, lease ms
-- Answer: flow, attempts, crashes, waits, lane, mode, since, due, generation, now; nothing when stale
local key = ARGV[1]
local job = read(key, 'state', 'fencing_token', 'flow', 'attempts', 'crashes', 'waits', 'lane', 'mode', 'since', 'due', 'generation')
if job.state ~= 'dispatched' or job.fencing_token ~= ARGV[2] then
  return false
end
redis.call('HSET', record_of(key), 'state', 'running', 'run_generation', job.generation)
recount(key, job.flow .. '|dispatched|', job.flow, 'running')
redis.call('ZADD', leases, now + tonumber(ARGV[3]), key)
return {job.flow, job.attempts, job.crashes, job.waits, job.lane, job.mode, job.since, job.due, job.generation, now}
