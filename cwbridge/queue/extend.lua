-- The heartbeat of a run.
-- ARGV: key, ticket, lease ms
-- Answer: 1, or 0 when the ticket is somebody else's by now
local job = read(ARGV[1], 'state', 'ticket')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then
  return 0
end
redis.call('ZADD', leases, now + tonumber(ARGV[3]), ARGV[1])
return 1
