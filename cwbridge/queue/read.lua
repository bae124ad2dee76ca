-- The records of many keys for people, in one round trip.
-- ARGV: number of fields, the fields, then keys
-- Answer: now, then for each key its values (nothing for an absent field) and last since when it is held (ms, nothing when it is not)
local count = tonumber(ARGV[1])
local fields = {unpack(ARGV, 2, count + 1)}
local answer = {now}
for place = count + 2, #ARGV do
  local values = redis.call('HMGET', record_of(ARGV[place]), unpack(fields))
  values[count + 1] = redis.call('ZSCORE', held, ARGV[place])
  answer[#answer + 1] = values
end
return answer
