-- Extend the lease of a run: its heartbeat.
-- ARGV: key, fencing token, lease ms
-- Answer: 1, or 0 when another delivery has the key
local job = read(ARGV[1], 'state', 'fencing_token')
if job.state ~= 'running' or job.fencing_token ~= ARGV[2] then
  return 0
end
redis.call('ZADD', leases, now + tonumber(ARGV[3]), ARGV[1])
return 1
