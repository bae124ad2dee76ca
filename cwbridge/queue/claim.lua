-- Take due keys for delivery: interactive ones first, then fresh ones, with every fourth place for the backlog.
-- ARGV: most in all, most of fresh and backlog, most of backlog, lease ms, arq queue
-- Answer: key, ticket, lane, key, ticket, lane...
local room = {all = tonumber(ARGV[1]), unasked = tonumber(ARGV[2]), backlog = tonumber(ARGV[3])}

local function oldest(lane)
  if room.all <= 0 or lane ~= 'interactive' and room.unasked <= 0 or lane == 'backlog' and room.backlog <= 0 then
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

redis.call('SET', ns .. ':ticket', string.format('%.0f', time[1] * 1000000 + time[2]), 'NX')
local claimed = {}
while true do
  local key, lane = next_key()
  if not key then
    return claimed
  end
  local ticket = redis.call('INCR', ns .. ':ticket')
  redis.call('ZREM', due_set(lane), key)
  redis.call('ZADD', leases, now + tonumber(ARGV[4]), key)
  redis.call('HSET', record_of(key), 'state', 'dispatched', 'ticket', ticket, 'queue', ARGV[5])
  room.all = room.all - 1
  if lane ~= 'interactive' then
    room.unasked = room.unasked - 1
  end
  if lane == 'backlog' then
    room.backlog = room.backlog - 1
  end
  for _, part in ipairs({key, ticket, lane}) do
    claimed[#claimed + 1] = part
  end
end
