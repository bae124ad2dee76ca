-- The data of the queue in Redis, and the steps that all its scripts share; this file opens each of them.
-- Redis is a single primary, so a script may build the names of the Redis keys it touches.
--
-- KEYS[1]                    {ns}                    the namespace
-- {ns}:job:{key}             hash        outstanding work of one object; a settled object has no record:
--     state                  due | dispatched | running | waiting | dead | held
--     flow                   the flow that makes the object right; empty when it was held before its first enqueue
--     lane                   interactive | fresh | backlog
--     mode                   if_changed | verify | force
--     generation, run_generation    how often it was enqueued; the same number when its last run started
--     due, since             ms: when it may start; when it was first enqueued
--     reason                 why it is due at that moment: enqueued | wait | retry | crash
--     attempts, crashes, waits      runs that ended in a Retry; workers that died in a row; runs that ended in a Wait
--     failure, error         JSON of the last failure, and its field `error`
--     waits_for              key that has to succeed first (waiting)
--     fencing_token, queue   fencing token of the delivery, and the arq queue it went to (dispatched, running)
--     rerun_at, rerun_lane, rerun_mode    ms, lane and mode of what was enqueued since the run started (running)
--     hold                   1 while a person or a command holds it
--     after                  state on release (held): due | waiting | dead | gone
--     counted                field of {ns}:states that counts it
-- {ns}:flows                 set         flows that were ever enqueued
-- {ns}:due:{flow}:{lane}     sorted set  due and scheduled keys, by when they may start (ms)
-- {ns}:pending:{flow}:{lane} sorted set  due, dispatched, running and waiting keys, by when they were first enqueued (ms)
-- {ns}:waiting               sorted set  waiting keys, by when they go on by themselves (ms)
-- {ns}:waiters:{key}         set         keys that wait for this key
-- {ns}:leases                sorted set  dispatched and running keys, by the end of their lease (ms)
-- {ns}:dead, {ns}:held       sorted set  dead and held keys, by since when (ms)
-- {ns}:pauses                sorted set  keys held by a command, by the latest end of the hold (ms)
-- {ns}:versions              hash        key -> version of the last enqueue that named one
-- {ns}:archived              hash        key -> {since when (ms)}|{flow}; full syncs skip it until the object changes
-- {ns}:states                hash        {flow}|{state}|{error} -> number of jobs; the error of waiting and dead jobs only
-- {ns}:counters              hash        dead_letters|{flow}|{error}, requeues|{flow}|{by} -> total since the beginning
-- {ns}:turns                 hash        {lane}|{flow} -> fencing token of its last claim; slots -> claims of fresh and backlog
-- {ns}:fencing_token         string      the last one; at least the clock in microseconds, so that none comes twice after a wipe or failover
-- {ns}:wake                  channel     ms at which a key becomes due
-- arq:job:{id}, arq:in-progress:{id}, arq:retry:{id}   keys of arq; id = {ns}:{key}#{fencing_token}
local ns = KEYS[1]
local leases, waiting, dead, held = ns .. ':leases', ns .. ':waiting', ns .. ':dead', ns .. ':held'
local versions, archived, pauses = ns .. ':versions', ns .. ':archived', ns .. ':pauses'
local flows, states, counters = ns .. ':flows', ns .. ':states', ns .. ':counters'
local URGENCY = {interactive = 1, fresh = 2, backlog = 3}
local STRENGTH = {if_changed = 1, verify = 2, force = 3}
local PENDING = {due = true, dispatched = true, running = true, waiting = true}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function record_of(key)
  return ns .. ':job:' .. key
end

local function due_set(flow, lane)
  return ns .. ':due:' .. flow .. ':' .. lane
end

local function pending_set(flow, lane)
  return ns .. ':pending:' .. flow .. ':' .. lane
end

local function waiters_of(key)
  return ns .. ':waiters:' .. key
end

local function arq_id(key, fencing_token)
  return ns .. ':' .. key .. '#' .. fencing_token
end

-- The named fields of a record; absent ones are nil.
local function read(key, ...)
  local names, job = {...}, {}
  for place, value in ipairs(redis.call('HMGET', record_of(key), ...)) do
    job[names[place]] = value or nil
  end
  return job
end

local function urgent(lane, other)
  if not URGENCY[other] or URGENCY[lane] <= URGENCY[other] then
    return lane
  end
  return other
end

local function stronger(mode, other)
  if not STRENGTH[other] or STRENGTH[mode] >= STRENGTH[other] then
    return mode
  end
  return other
end

local announced = math.huge

-- Tell sleeping workers when a key becomes due; the earliest moment of a script is enough.
local function announce(at)
  if at < announced then
    announced = at
    redis.call('PUBLISH', ns .. ':wake', string.format('%.0f', at))
  end
end

local function recount(key, counted, flow, state, err)
  if counted and redis.call('HINCRBY', states, counted, -1) <= 0 then
    redis.call('HDEL', states, counted)
  end
  if state then
    counted = flow .. '|' .. state .. '|' .. (err or '')
    redis.call('HINCRBY', states, counted, 1)
    redis.call('HSET', record_of(key), 'counted', counted)
  end
end

local function count_dead_letter(flow, err)
  redis.call('HINCRBY', counters, 'dead_letters|' .. flow .. '|' .. err, 1)
end

-- Take a key out of the sets of its state.
local function leave(key, job)
  if job.state == 'due' then
    redis.call('ZREM', due_set(job.flow, job.lane), key)
  elseif job.state == 'dispatched' or job.state == 'running' then
    redis.call('ZREM', leases, key)
  elseif job.state == 'waiting' then
    redis.call('ZREM', waiting, key)
    if job.waits_for then
      redis.call('SREM', waiters_of(job.waits_for), key)
    end
  elseif job.state == 'dead' then
    redis.call('ZREM', dead, key)
  elseif job.state == 'held' then
    redis.call('ZREM', held, key)
  end
  if PENDING[job.state] then
    redis.call('ZREM', pending_set(job.flow, job.lane), key)
  end
end

-- The only way from state to state, but for claim and start. `state` is due, waiting, dead or gone; a key with a hold becomes
-- held and stores the state in `after`. `to` may give flow, lane, mode, at, reason and waits_for; what it does not give stays as it is.
local function put(key, state, to)
  to = to or {}
  local record = record_of(key)
  local job = read(key, 'state', 'flow', 'lane', 'mode', 'due', 'reason', 'since', 'hold', 'error', 'waits_for', 'counted')
  local held_since = job.state == 'held' and redis.call('ZSCORE', held, key) or now
  leave(key, job)
  if state == 'gone' and not job.hold then
    recount(key, job.counted)
    redis.call('DEL', record)
    return 'gone'
  end
  redis.call('HDEL', record, 'fencing_token', 'queue', 'rerun_at', 'rerun_lane', 'rerun_mode', 'after', 'waits_for')
  local flow, lane = to.flow or job.flow, to.lane or job.lane
  local at = to.at or tonumber(job.due)
  if job.hold and to.waits_for then
    -- The awaited key may succeed before the release, so the job looks for itself then, at no cost.
    state, at = 'due', now
  end
  redis.call('HSET', record, 'flow', flow, 'lane', lane, 'mode', to.mode or job.mode, 'due', at, 'reason', to.reason or job.reason)
  if job.hold then
    redis.call('HSET', record, 'state', 'held', 'after', state)
    redis.call('ZADD', held, held_since, key)
    recount(key, job.counted, flow, 'held')
    return 'held'
  end
  redis.call('HSET', record, 'state', state)
  if state == 'dead' then
    redis.call('ZADD', dead, now, key)
    recount(key, job.counted, flow, state, job.error)
    return state
  end
  redis.call('ZADD', pending_set(flow, lane), job.since, key)
  if state == 'due' then
    redis.call('ZADD', due_set(flow, lane), at, key)
    recount(key, job.counted, flow, state)
  else
    redis.call('ZADD', waiting, at, key)
    recount(key, job.counted, flow, state, job.error)
    if to.waits_for then
      redis.call('HSET', record, 'waits_for', to.waits_for)
      redis.call('SADD', waiters_of(to.waits_for), key)
    end
  end
  announce(at)
  return state
end

-- Reset the counters as for a first enqueue at `since`.
local function afresh(key, since)
  local record = record_of(key)
  redis.call('HSET', record, 'attempts', 0, 'crashes', 0, 'waits', 0, 'since', since)
  redis.call('HDEL', record, 'failure', 'error')
end

-- The first enqueue of a key without a record.
local function create(key, flow, lane, mode, at)
  redis.call('SADD', flows, flow)
  redis.call('HSET', record_of(key), 'generation', 1, 'run_generation', 0)
  afresh(key, now)
  return put(key, 'due', {flow = flow, lane = lane, mode = mode, at = at, reason = 'enqueued'})
end

-- Release a held key into the state it was held in; answers 1, or 0 when it was not held.
local function release_key(key)
  local job = read(key, 'state', 'hold', 'after')
  redis.call('ZREM', pauses, key)
  if not job.hold then
    return 0
  end
  redis.call('HDEL', record_of(key), 'hold')
  if job.state == 'held' then
    put(key, job.after)
  end
  return 1
end
