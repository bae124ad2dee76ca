-- Enqueue keys. Two enqueues of one key become one run: in the more urgent lane, and with the stronger mode.
-- ARGV: key, flow, lane, mode, version, debounce ms for each
-- Answer: how many were enqueued; keys with a known version and dormant keys are skipped
-- A delivery that has not started yet reads lane and mode when it starts.
local function relabel(key, job, merged)
  redis.call('ZREM', pending_set(job.flow, job.lane), key)
  redis.call('ZADD', pending_set(merged.flow, merged.lane), job.since, key)
  redis.call('HSET', record_of(key), 'lane', merged.lane, 'mode', merged.mode)
end

local function enqueue_held(key, job, merged, own, interactive)
  if job.after == 'due' or job.after == 'waiting' then
    return put(key, job.after, {flow = merged.flow, lane = merged.lane, mode = merged.mode, at = interactive and now or nil})
  end
  afresh(key, now)
  -- A success did what the old mode asked for; a dead letter did not.
  local to = job.after == 'gone' and own or merged
  to.at, to.reason = own.at, 'enqueued'
  return put(key, 'due', to)
end

local function enqueue(key, flow, lane, mode, debounce)
  local interactive = lane == 'interactive'
  local soon = interactive and now or now + debounce
  local job = read(key, 'state', 'flow', 'lane', 'mode', 'due', 'since', 'reason', 'after', 'waits_for', 'rerun_lane', 'rerun_mode')
  if not job.state then
    return create(key, flow, lane, mode, soon)
  end
  redis.call('SADD', flows, flow)
  redis.call('HINCRBY', record_of(key), 'generation', 1)
  local own = {flow = flow, lane = lane, mode = mode, at = soon}
  local merged = {flow = flow, lane = urgent(lane, job.lane), mode = stronger(mode, job.mode)}
  if job.state == 'running' then
    redis.call('HSETNX', record_of(key), 'rerun_at', now)
    redis.call('HSET', record_of(key), 'rerun_lane', urgent(lane, job.rerun_lane), 'rerun_mode', stronger(mode, job.rerun_mode))
  elseif job.state == 'dispatched' then
    relabel(key, job, merged)
  elseif job.state == 'held' then
    enqueue_held(key, job, merged, own, interactive)
  elseif job.state == 'dead' then
    afresh(key, now)
    merged.at, merged.reason = soon, 'enqueued'
    put(key, 'due', merged)
  elseif job.state == 'waiting' and not interactive then
    -- A change of the object does not end its wait; if it could, the regular look of the wait finds out.
    merged.waits_for = job.waits_for
    put(key, 'waiting', merged)
  else
    merged.at = tonumber(job.due)
    if interactive or job.reason == 'retry' then
      merged.at = math.min(merged.at, soon)
    end
    put(key, 'due', merged)
  end
end

-- A full sync enqueues everything, changed or not: dead and archived keys stay as they are, or every full sync would revive them.
local function is_dormant(key, lane, version)
  return lane == 'backlog' and version == '' and (read(key, 'state').state == 'dead' or redis.call('HEXISTS', archived, key) == 1)
end

local count = 0
for place = 1, #ARGV, 6 do
  local key, flow, lane, mode, version, debounce = unpack(ARGV, place, place + 5)
  local known = mode == 'if_changed' and version ~= '' and redis.call('HGET', versions, key) == version
  if not known and not is_dormant(key, lane, version) then
    if version ~= '' then
      redis.call('HSET', versions, key, version)
    end
    redis.call('HDEL', archived, key)
    enqueue(key, flow, lane, mode, tonumber(debounce))
    count = count + 1
  end
end
return count
