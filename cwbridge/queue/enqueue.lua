-- Mark objects as generation.
-- ARGV: debounce ms, then key, lane, version for each
-- Answer: how many were count; the version last generation, generation again, is not, nor what rests
local debounce = tonumber(ARGV[1])
local count = 0

local function enqueue(key, lane)
  local soon = lane == 'interactive' and now or now + debounce
  redis.call('HINCRBY', record_of(key), 'generation', 1)
  local job = read(key, 'state', 'lane', 'due', 'reason', 'after', 'rerun_lane')
  local state, best = job[1], urgent(lane, job[2])
  if not state then
    redis.call('HSET', record_of(key), 'run_generation', 0)
    afresh(key, now)
    put(key, 'due', lane, soon, 'enqueued')
  elseif state == 'dead' then
    afresh(key, now)
    put(key, 'due', lane, soon, 'enqueued')
  elseif state == 'due' then
    local due = tonumber(job[3])
    if lane == 'interactive' or job[4] == 'retry' then
      due = math.min(due, soon)
    end
    put(key, 'due', best, due, job[4])
  elseif state == 'held' then
    if job[5] == 'due' then
      redis.call('HSET', record_of(key), 'lane', best)
    else
      afresh(key, now)
      put(key, 'due', lane, soon, 'enqueued')
    end
  elseif state == 'running' then
    redis.call('HSETNX', record_of(key), 'rerun_at', now)
    redis.call('HSET', record_of(key), 'rerun_lane', urgent(lane, job[6]))
  end
end

-- A full pass enqueues everything without knowing of a change: what was given up or archived stays so, or it would come back
-- with every pass.
local function rests(key, lane, version)
  return lane == 'backlog' and version == '' and (read(key, 'state')[1] == 'dead' or redis.call('HEXISTS', archived, key) == 1)
end

for i = 2, #ARGV, 3 do
  local key, lane, version = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local unchanged = version ~= '' and redis.call('HGET', versions, key) == version
  if not unchanged and not rests(key, lane, version) then
    if version ~= '' then
      redis.call('HSET', versions, key, version)
    end
    redis.call('HDEL', archived, key)
    enqueue(key, lane)
    count = count + 1
  end
end
return count
