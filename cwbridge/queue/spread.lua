-- Given up and parked keys start over, each after a pause of its own, which a new edit ends.
-- ARGV: lane, '1' to start only what was given up and to leave its age as it is, then key, pause ms for each
-- Answer: the keys that start over
local lane, again = ARGV[1], ARGV[2] == '1'
local started = {}
for i = 3, #ARGV, 2 do
  local key, pause = ARGV[i], tonumber(ARGV[i + 1])
  local job = read(key, 'state', 'since')
  if job[1] == 'dead' or (job[1] == 'due' and not again) then
    afresh(key, again and job[2] or now)
    put(key, 'due', lane, now + pause, pause > 0 and 'retry' or 'enqueued')
    started[#started + 1] = key
  end
end
return started
