-- Free the slots of calls that have ended.
-- ARGV: calls...
free(1)
if redis.call('EXISTS', line) == 1 then
  redis.call('PUBLISH', freed, '0')
end
return 0
