-- Take due keys for delivery: interactive ones first, then fresh ones, with every fourth slot for the backlog.
-- ARGV: most in all, most of fresh and backlog, most of backlog, lease ms, arq queue
-- Answer: key, fencing_token, lane, key, fencing_token, lane...
local free_slots = {all = tonumber(ARGV[1]), unasked = tonumber(ARGV[2]), backlog = tonumber(ARGV[3])}

local function oldest(lane)
  if free_slots.all <= 0 or lane ~= 'interactive' and free_slots.unasked <= 0 or lane == 'backlog' and free_slots.backlog <= 0 then
    return nil
  end
  return redis.call('ZRANGEBYSCORE', due_set(lane), '-inf', now, 'LIMIT', 0, 1)[1]
end

local function next_key()
  local key = oldest('interactive')
  if key then
    return key, 'interactive'
  end
  local fresh, backlog = oldest('fresh'), oldest('backlog')
  if not (fresh or backlog) then
    return nil
  end
  local turn = redis.call('INCR', ns .. ':turn')
  if backlog and (turn % 4 == 0 or not fresh) then
    return backlog, 'backlog'
  end
  return fresh, 'fresh'
end

redis.call('SET', ns .. ':fencing_token', string.format('%.0f', time[1] * 1000000 + time[2]), 'NX')
local claimed = {}
while true do
  local key, lane = next_key()
  if not key then
    return claimed
  end
  local fencing_token = redis.call('INCR', ns .. ':fencing_token')
  redis.call('ZREM', due_set(lane), key)
  redis.call('ZADD', leases, now + tonumber(ARGV[4]), key)
  redis.call('HSET', record_of(key), 'state', 'dispatched', 'fencing_token', fencing_token, 'queue', ARGV[5])
  free_slots.all = free_slots.all - 1
  if lane ~= 'interactive' then
    free_slots.unasked = free_slots.unasked - 1
  end
  if lane == 'backlog' then
    free_slots.backlog = free_slots.backlog - 1
  end
  for _, part in ipairs({key, fencing_token, lane}) do
    claimed[#claimed + 1] = part
  end
end
