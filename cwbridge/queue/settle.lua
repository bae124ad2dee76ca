-- End a run.
-- ARGV: key, fencing token, outcome (succeeded | deferred | retried | dead_lettered), delay ms, max attempts, debounce ms,
--       failure JSON or '', its field `error` or '', then of the key that it waits for: key or '', flow, lane, mode, and the
--       failure JSON of a job that waits for itself
-- Answer: gone | due | waiting | dead | held; nothing when another delivery has the key
local CHAIN_AT_MOST = 1000
local key, fencing_token, outcome, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local max_attempts, debounce, failure, err = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]
local dependency = {key = ARGV[9], flow = ARGV[10], lane = ARGV[11], mode = ARGV[12]}
local record = record_of(key)
local job = read(key, 'state', 'fencing_token', 'flow', 'lane', 'mode', 'generation', 'run_generation', 'rerun_at', 'rerun_lane', 'rerun_mode')
if job.state ~= 'running' or job.fencing_token ~= fencing_token then
  return false
end

local enqueued_meanwhile = tonumber(job.generation) > tonumber(job.run_generation)
local rerun_at, rerun_lane = tonumber(job.rerun_at) or now, job.rerun_lane or job.lane
local soon = rerun_lane == 'interactive' and now or math.max(now, rerun_at + debounce)

-- A key that was enqueued meanwhile starts over as new work, whatever the outcome of this run.
local function rerun(mode)
  afresh(key, rerun_at)
  return put(key, 'due', {lane = rerun_lane, mode = mode, at = soon, reason = 'enqueued'})
end

local function dead_letter(json, name)
  if enqueued_meanwhile then
    -- The run did not do what its mode asks for, so the next run inherits the mode.
    return rerun(stronger(job.rerun_mode or job.mode, job.mode))
  end
  redis.call('HSET', record, 'failure', json, 'error', name)
  count_dead_letter(job.flow, name)
  return put(key, 'dead')
end

local function wake_waiters()
  for _, waiter in ipairs(redis.call('SMEMBERS', waiters_of(key))) do
    put(waiter, 'due', {at = now, reason = 'enqueued'})
  end
end

-- The keys from this one back to itself, when the key it would wait for waits, over other keys, for this one.
local function circle()
  local path, at = {key}, dependency.key
  for _ = 1, CHAIN_AT_MOST do
    path[#path + 1] = at
    if at == key then
      return path
    end
    at = read(at, 'waits_for').waits_for
    if not at then
      return nil
    end
  end
end

-- Make sure that the awaited key has a job, in a lane no less urgent, so that the wait ends.
local function ensure_dependency()
  local other = read(dependency.key, 'state', 'lane')
  if not other.state then
    redis.call('HDEL', archived, dependency.key)
    create(dependency.key, dependency.flow, dependency.lane, dependency.mode, now)
  elseif other.state == 'due' then
    put(dependency.key, 'due', {lane = urgent(dependency.lane, other.lane)})
  end
end

local function wait(to)
  if dependency.key ~= '' then
    local path = circle()
    if path then
      local closed = cjson.decode(ARGV[13])
      closed.cause = closed.cause .. ': ' .. table.concat(path, ' -> ')
      return dead_letter(cjson.encode(closed), closed.error)
    end
    ensure_dependency()
    to.waits_for = dependency.key
  end
  redis.call('HINCRBY', record, 'waits', 1)
  to.reason = 'wait'
  if enqueued_meanwhile and rerun_lane == 'interactive' then
    to.at, to.waits_for = now, nil
    return put(key, 'due', to)
  end
  return put(key, 'waiting', to)
end

if outcome == 'succeeded' then
  wake_waiters()
  redis.call('HDEL', record, 'failure', 'error')
  return enqueued_meanwhile and rerun(job.rerun_mode or job.mode) or put(key, 'gone')
end
if failure ~= '' then
  redis.call('HSET', record, 'failure', failure, 'error', err, 'crashes', 0)
end
if outcome == 'dead_lettered' then
  return dead_letter(failure, err)
end

local to = {lane = job.lane, mode = job.mode, at = now + delay}
if enqueued_meanwhile then
  to.lane, to.mode = urgent(rerun_lane, job.lane), stronger(job.rerun_mode or job.mode, job.mode)
end
if outcome == 'deferred' and failure == '' then
  to.reason = 'enqueued'
  return put(key, 'due', to)
end
if outcome == 'deferred' then
  return wait(to)
end
if redis.call('HINCRBY', record, 'attempts', 1) >= max_attempts then
  return dead_letter(failure, err)
end
if enqueued_meanwhile then
  to.at = math.min(to.at, soon)
end
to.reason = 'retry'
return put(key, 'due', to)
