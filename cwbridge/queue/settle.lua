-- A run ended.
-- ARGV: key, fencing_token, outcome (done | wait | retry | refused), delay ms, attempts at most, debounce ms, failure JSON or ''
-- Answer: gone | due | dead | held; nothing when the fencing_token is somebody else's by now
local key, fencing_token, outcome, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local limit, debounce, failure = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local record = record_of(key)
local job = read(key, 'state', 'fencing_token', 'lane', 'generation', 'run_generation', 'rerun_at', 'rerun_lane')
if job[1] ~= 'running' or job[2] ~= fencing_token then
  return false
end

local grown = tonumber(job[4]) > tonumber(job[5])
local again, again_lane = tonumber(job[6]) or now, job[7] or job[3]
local soon = again_lane == 'interactive' and now or math.max(now, again + debounce)

-- What was generation meanwhile starts over: it is new work, whatever became of the old.
local function finish(after)
  if grown then
    afresh(key, again)
    return put(key, 'due', again_lane, soon, 'enqueued')
  end
  return put(key, after)
end

if outcome == 'done' then
  redis.call('HDEL', record, 'failure')
  return finish('gone')
end
if failure ~= '' then
  redis.call('HSET', record, 'failure', failure, 'crashes', 0)
end
if outcome == 'refused' then
  return finish('dead')
end

local lane, at = job[3], now + delay
if grown then
  lane = urgent(again_lane, lane)
end
if outcome == 'wait' then
  if grown and again_lane == 'interactive' then
    at = now
  end
  if failure == '' then
    return put(key, 'due', lane, at, 'enqueued')
  end
  redis.call('HINCRBY', record, 'waits', 1)
  return put(key, 'due', lane, at, 'wait')
end
if redis.call('HINCRBY', record, 'attempts', 1) >= limit then
  return finish('dead')
end
if grown then
  at = math.min(at, soon)
end
return put(key, 'due', lane, at, 'retry')
