-- Make waiting keys due at once, with their lane, mode and counters.
-- ARGV: keys...
-- Answer: how many
local count = 0
for _, key in ipairs(ARGV) do
  if read(key, 'state').state == 'waiting' then
    put(key, 'due', {at = now, reason = 'enqueued'})
    count = count + 1
  end
end
return count
