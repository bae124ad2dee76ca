-- What the queue keeps in Redis; opens each of its scripts. Redis is a single primary, so keys are built here.
-- KEYS[1]              {ns}                    the namespace
-- {ns}:job:{key}       hash        outstanding work of one object; no record, no work:
--     state            due | dispatched | running | dead | held
--     generation, seen     how often it was generation; the same when its last run started
--     lane             interactive | fresh | backlog
--     due, since       ms: when it may start; when it was first generation
--     reason           why it is due then: generation | wait | retry | killed
--     attempts, crashes, waits    runs that ended in a Retry; workers that died in a row; runs that ended in a Wait
--     failure          JSON of the last failure
--     fencing_token, queue    fencing token of the delivery, and the arq queue it went to (dispatched and running)
--     again, again_lane   ms and most urgent lane of what was generation since the run started (running)
--     hold             1 while a person or a command holds it
--     after            held: what it is on release: due | dead | gone
-- {ns}:due:{lane}      sorted set  keys that are due, by when (ms)
-- {ns}:leases          sorted set  keys dispatched or running, by the end of their lease (ms)
-- {ns}:dead, {ns}:held sorted set  keys given up, keys held, by since when (ms)
-- {ns}:pauses          sorted set  keys held by a command for as long as it takes, by when that ends at the latest (ms)
-- {ns}:versions            hash        key -> version last generation
-- {ns}:archived        hash        key -> since when (ms); forgotten by a person until it changes
-- {ns}:fencing_token          string      the last fencing_token; starts with the clock, so that no fencing_token comes twice after a wipe
-- {ns}:turn            string      counts the slots given to fresh and backlog
-- arq:job:{id}, arq:in-progress:{id}, arq:retry:{id}   of arq; id = {ns}:{key}#{fencing_token}
local ns = KEYS[1]
local leases, dead, held, versions = ns .. ':leases', ns .. ':dead', ns .. ':held', ns .. ':versions'
local archived, pauses = ns .. ':archived', ns .. ':pauses'
local RANK = {interactive = 1, fresh = 2, backlog = 3}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function record_of(key)
  return ns .. ':job:' .. key
end

local function due_set(lane)
  return ns .. ':due:' .. lane
end

local function read(key, ...)
  return redis.call('HMGET', record_of(key), ...)
end

local function urgent(one, other)
  if not RANK[other] or RANK[one] <= RANK[other] then
    return one
  end
  return other
end

-- The only way from state to state (but for claim and start): takes the key out of the set of its old state and puts it where
-- it belongs. `after` is due, dead or gone; a key that a person holds becomes held and remembers it.
local function put(key, after, lane, at, reason)
  local record = record_of(key)
  local old = redis.call('HMGET', record, 'state', 'lane', 'hold')
  if old[1] == 'due' then
    redis.call('ZREM', due_set(old[2]), key)
  elseif old[1] == 'dispatched' or old[1] == 'running' then
    redis.call('ZREM', leases, key)
  elseif old[1] == 'dead' then
    redis.call('ZREM', dead, key)
  elseif old[1] == 'held' then
    redis.call('ZREM', held, key)
  end
  redis.call('HDEL', record, 'fencing_token', 'queue', 'rerun_at', 'rerun_lane', 'after')
  if after == 'due' then
    redis.call('HSET', record, 'lane', lane, 'due', at, 'reason', reason)
  end
  if old[3] then
    redis.call('HSET', record, 'state', 'held', 'after', after)
    redis.call('ZADD', held, now, key)
    return 'held'
  end
  if after == 'due' then
    redis.call('HSET', record, 'state', 'due')
    redis.call('ZADD', due_set(lane), at, key)
  elseif after == 'dead' then
    redis.call('HSET', record, 'state', 'dead')
    redis.call('ZADD', dead, now, key)
  else
    redis.call('DEL', record)
  end
  return after
end

-- What was held goes on where it stood; answers 1, or 0 when it was not held.
local function let_go(key)
  local job = redis.call('HMGET', record_of(key), 'state', 'hold', 'lane', 'due', 'reason', 'after')
  redis.call('ZREM', pauses, key)
  if not job[2] then
    return 0
  end
  redis.call('HDEL', record_of(key), 'hold')
  if job[1] == 'held' then
    put(key, job[6], job[3], tonumber(job[4]), job[5])
  end
  return 1
end

-- As if it were generation for the first time at `since`.
local function afresh(key, since)
  local record = record_of(key)
  redis.call('HSET', record, 'attempts', 0, 'crashes', 0, 'waits', 0, 'since', since)
  redis.call('HDEL', record, 'failure')
end
