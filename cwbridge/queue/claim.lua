-- Claim due keys for the free slots of one worker and deliver them to its arq queue.
-- The interactive lane goes first; of four slots in a row for which both fresh and backlog keys are due, one goes to the backlog. Within a lane the
-- flow whose last claim is the longest ago goes first.
-- ARGV: arq queue or '', lease ms, ms by the clock of the worker, body ms, free slots, free of fresh and backlog, free of backlog,
--       then flow, its runs of fresh and backlog, its runs of backlog for each flow that the worker serves
-- Answer: now, next moment at which a key becomes due, next end of a lease or a pause (ms, -1 for none), then key, fencing token,
--       flow, lane for each claim
local WAITS_AT_ONCE = 100
local arq_queue, lease, worker_now, body_lasts = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local free = {all = tonumber(ARGV[5]), unasked = tonumber(ARGV[6]), backlog = tonumber(ARGV[7])}
local served, runs = {}, {unasked = {}, backlog = {}}
for place = 8, #ARGV, 3 do
  local flow = ARGV[place]
  served[#served + 1] = flow
  runs.unasked[flow], runs.backlog[flow] = tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2])
end

for _, key in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', now, 'LIMIT', 0, WAITS_AT_ONCE)) do
  if read(key, 'state').state == 'waiting' then
    put(key, 'due')
  else
    redis.call('ZREM', waiting, key)
  end
end

local upcoming, last_claims, turn = math.huge, nil, nil
local heads = {interactive = {}, fresh = {}, backlog = {}}
for _, flow in ipairs(served) do
  for lane in pairs(heads) do
    local found = redis.call('ZRANGE', due_set(flow, lane), 0, free.all - 1, 'WITHSCORES')
    local due = {}
    for place = 1, #found, 2 do
      local at = tonumber(found[place + 1])
      if at > now then
        upcoming = math.min(upcoming, at)
        break
      end
      due[#due + 1] = found[place]
    end
    if #due > 0 then
      heads[lane][flow] = {keys = due, next = 1}
    end
  end
end

-- Whether `flow` may take a slot of this kind: its first one, or one more that leaves a slot to each other flow without any.
local function may_take(flow, kind)
  if runs[kind][flow] == 0 then
    return free[kind] > 0
  end
  local others = 0
  for _, other in ipairs(served) do
    if other ~= flow and runs[kind][other] == 0 then
      others = others + 1
    end
  end
  return free[kind] > others
end

local function may_run(flow, lane)
  return free.all > 0
    and (lane == 'interactive' or may_take(flow, 'unasked'))
    and (lane ~= 'backlog' or may_take(flow, 'backlog'))
end

local function load_turns()
  last_claims = {}
  local found = redis.call('HGETALL', ns .. ':turns')
  for place = 1, #found, 2 do
    last_claims[found[place]] = tonumber(found[place + 1])
  end
  turn = last_claims.slots or 0
end

local function next_flow(lane)
  local chosen, longest_ago = nil, math.huge
  for _, flow in ipairs(served) do
    local last = last_claims[lane .. '|' .. flow] or 0
    if heads[lane][flow] and last < longest_ago and may_run(flow, lane) then
      chosen, longest_ago = flow, last
    end
  end
  return chosen
end

local function next_claim()
  if not next(heads.interactive) and not next(heads.fresh) and not next(heads.backlog) then
    return nil
  end
  if not last_claims then
    load_turns()
  end
  local flow = next_flow('interactive')
  if flow then
    return flow, 'interactive'
  end
  local fresh, backlog = next_flow('fresh'), next_flow('backlog')
  if not (fresh or backlog) then
    return nil
  end
  turn = turn + 1
  if backlog and (turn % 4 == 0 or not fresh) then
    return backlog, 'backlog'
  end
  return fresh, 'fresh'
end

local function take(flow, lane)
  local head = heads[lane][flow]
  local key = head.keys[head.next]
  head.next = head.next + 1
  if head.next > #head.keys then
    heads[lane][flow] = nil
  end
  free.all = free.all - 1
  if lane ~= 'interactive' then
    free.unasked = free.unasked - 1
    runs.unasked[flow] = runs.unasked[flow] + 1
  end
  if lane == 'backlog' then
    free.backlog = free.backlog - 1
    runs.backlog[flow] = runs.backlog[flow] + 1
  end
  return key
end

-- Write what arq's own enqueue_job writes, in the same script as the claim, so that arq has every dispatched key. arq compares
-- the score with the clock of the worker.
local function deliver(key, fencing_token)
  local id = arq_id(key, fencing_token)
  -- cjson rounds numbers of this length.
  local body = string.format('{"t":null,"f":"run","a":[%s,%s],"k":{},"et":%s}', cjson.encode(key), fencing_token, worker_now)
  redis.call('SET', 'arq:job:' .. id, body, 'PX', body_lasts)
  redis.call('ZADD', arq_queue, worker_now, id)
end

local claimed = {}
local token_name, last_token = ns .. ':fencing_token', nil

-- The clock is ahead of every fencing token that was given before, also by a former primary whose last writes are lost.
local function next_token()
  last_token = last_token or tonumber(redis.call('GET', token_name)) or 0
  last_token = math.max(last_token + 1, time[1] * 1000000 + time[2])
  return last_token
end

local function claim(key, flow, lane)
  redis.call('ZREM', due_set(flow, lane), key)
  if redis.call('EXISTS', record_of(key)) == 0 then
    -- A server that evicts keys may have dropped the record.
    redis.call('ZREM', pending_set(flow, lane), key)
    return
  end
  local number = next_token()
  local fencing_token = string.format('%.0f', number)
  last_claims[lane .. '|' .. flow] = number
  redis.call('ZADD', leases, now + lease, key)
  recount(key, flow .. '|due|', flow, 'dispatched')
  redis.call('HSET', record_of(key), 'state', 'dispatched', 'fencing_token', fencing_token, 'queue', arq_queue)
  if arq_queue ~= '' then
    deliver(key, fencing_token)
  end
  for _, part in ipairs({key, number, flow, lane}) do
    claimed[#claimed + 1] = part
  end
end

local flow, lane = next_claim()
while flow do
  claim(take(flow, lane), flow, lane)
  flow, lane = next_claim()
end
if #claimed > 0 then
  local changed = {'slots', turn}
  for place = 1, #claimed, 4 do
    local name = claimed[place + 3] .. '|' .. claimed[place + 2]
    changed[#changed + 1] = name
    changed[#changed + 1] = last_claims[name]
  end
  redis.call('HSET', ns .. ':turns', unpack(changed))
  redis.call('SET', token_name, string.format('%.0f', last_token))
end

local function first(set)
  return tonumber(redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2]) or math.huge
end

local function moment(at)
  return at < math.huge and at or -1
end

local answer = {now, moment(math.min(upcoming, first(waiting))), moment(math.min(first(leases), first(pauses)))}
for _, part in ipairs(claimed) do
  answer[#answer + 1] = part
end
return answer
