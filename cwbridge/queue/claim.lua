-- Take due keys for delivery: interactive ones first, then fresh ones, with every fourth place for the backlog.
-- ARGV: most, lease ms, arq queue
-- Answer: key, ticket, key, ticket...
local function oldest(lane)
  return redis.call('ZRANGEBYSCORE', due_set(lane), '-inf', now, 'LIMIT', 0, 1)[1]
end

local function next_key()
  local key = oldest('interactive')
  if key then
    return key, 'interactive'
  end
  local first, second = 'fresh', 'backlog'
  if redis.call('INCR', ns .. ':turn') % 4 == 0 then
    first, second = second, first
  end
  key = oldest(first)
  if key then
    return key, first
  end
  return oldest(second), second
end

redis.call('SET', ns .. ':ticket', string.format('%.0f', time[1] * 1000000 + time[2]), 'NX')
local claimed = {}
while #claimed < 2 * tonumber(ARGV[1]) do
  local key, lane = next_key()
  if not key then
    break
  end
  local ticket = redis.call('INCR', ns .. ':ticket')
  redis.call('ZREM', due_set(lane), key)
  redis.call('ZADD', leases, now + tonumber(ARGV[2]), key)
  redis.call('HSET', record_of(key), 'state', 'dispatched', 'ticket', ticket, 'queue', ARGV[3])
  claimed[#claimed + 1] = key
  claimed[#claimed + 1] = ticket
end
return claimed
