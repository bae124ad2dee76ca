-- The heartbeat of a run.
-- ARGV: key, fencing_token, lease ms
-- Answer: 1, or 0 when the fencing_token is somebody else's by now
local job = read(ARGV[1], 'state', 'fencing_token')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then
  return 0
end
redis.call('ZADD', leases, now + tonumber(ARGV[3]), ARGV[1])
return 1
