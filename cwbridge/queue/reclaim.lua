-- Take keys back: those whose lease has ended, or those still waiting in the arq queue of a worker that stops. And let go what a
-- command held that did not live to do so.
-- ARGV: crashes at most, failure JSON for a key that reaches them, arq queue of the worker that stops or ''
-- Answer: key, what became of it (due | dead | held), ...
local limit, poison, stopping = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local taken = {}

local function take_back(key, job)
  local id = ns .. ':' .. key .. '#' .. job[2]
  redis.call('ZREM', job[3], id)
  redis.call('DEL', 'arq:job:' .. id, 'arq:in-progress:' .. id, 'arq:retry:' .. id)
  if job[1] == 'dispatched' then
    return put(key, 'due', job[4], tonumber(job[5]), job[8])
  end
  local lane = urgent(job[9] or job[4], job[4])
  if redis.call('HINCRBY', record_of(key), 'crashes', 1) < limit then
    return put(key, 'due', lane, now, 'crash')
  end
  redis.call('HSET', record_of(key), 'failure', poison)
  if tonumber(job[6]) > tonumber(job[7]) then
    return put(key, 'due', lane, now, 'crash')
  end
  return put(key, 'dead')
end

for _, key in ipairs(redis.call('ZRANGEBYSCORE', pauses, '-inf', now)) do
  let_go(key)
end
local keys = stopping == '' and redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 200)
  or redis.call('ZRANGE', leases, 0, -1)
for _, key in ipairs(keys) do
  local job = read(key, 'state', 'fencing_token', 'queue', 'lane', 'due', 'generation', 'run_generation', 'reason', 'rerun_lane')
  if not job[2] then
    redis.call('ZREM', leases, key)
  elseif stopping == '' or (job[1] == 'dispatched' and job[3] == stopping) then
    taken[#taken + 1] = key
    taken[#taken + 1] = take_back(key, job)
  end
end
return taken
