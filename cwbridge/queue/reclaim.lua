-- Take keys back: those whose lease has ended, or those that a stopping worker has not started. Also release keys that a killed
-- command held.
-- ARGV: max crashes, failure JSON for a key that reaches them, its field `error`, arq queue of the worker that stops or ''
-- Answer: key, flow, new state (due | dead | held), 1 when a run crashed else 0, ...
local KEYS_AT_ONCE = 200
local max_crashes, poison, err, stopping = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

local function drop_delivery(key, job)
  local id = arq_id(key, job.fencing_token)
  redis.call('ZREM', job.queue, id)
  redis.call('DEL', 'arq:job:' .. id, 'arq:in-progress:' .. id, 'arq:retry:' .. id)
end

local function after_crash(key, job)
  local again = {lane = urgent(job.rerun_lane or job.lane, job.lane), mode = stronger(job.rerun_mode or job.mode, job.mode), at = now, reason = 'crash'}
  if redis.call('HINCRBY', record_of(key), 'crashes', 1) < max_crashes then
    return put(key, 'due', again)
  end
  redis.call('HSET', record_of(key), 'failure', poison, 'error', err)
  if tonumber(job.generation) > tonumber(job.run_generation) then
    return put(key, 'due', again)
  end
  count_dead_letter(job.flow, err)
  return put(key, 'dead')
end

for _, key in ipairs(redis.call('ZRANGEBYSCORE', pauses, '-inf', now)) do
  release_key(key)
end
local keys = stopping == '' and redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, KEYS_AT_ONCE)
  or redis.call('ZRANGE', leases, 0, -1)
local taken = {}
for _, key in ipairs(keys) do
  local job = read(key, 'state', 'fencing_token', 'flow', 'queue', 'lane', 'mode', 'generation', 'run_generation', 'rerun_lane', 'rerun_mode')
  if not job.flow or not job.fencing_token then
    redis.call('ZREM', leases, key)
  elseif stopping == '' or (job.state == 'dispatched' and job.queue == stopping) then
    local crashed = job.state == 'running'
    drop_delivery(key, job)
    local state = crashed and after_crash(key, job) or put(key, 'due')
    for _, part in ipairs({key, job.flow, state, crashed and 1 or 0}) do
      taken[#taken + 1] = part
    end
  end
end
return taken
