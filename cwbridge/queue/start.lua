-- A delivery arrived: the run begins, unless the delivery is stale.
-- ARGV: key, fencing_token, lease ms
-- Answer: attempts, crashes, waits, lane, since, due, generation, now; nothing when stale
local key = ARGV[1]
local job = read(key, 'state', 'fencing_token', 'attempts', 'crashes', 'waits', 'lane', 'since', 'due', 'generation')
if job[1] ~= 'dispatched' or job[2] ~= ARGV[2] then
  return false
end
redis.call('HSET', record_of(key), 'state', 'running', 'run_generation', job[9])
redis.call('ZADD', leases, now + tonumber(ARGV[3]), key)
return {job[3], job[4], job[5], job[6], job[7], job[8], job[9], now}
