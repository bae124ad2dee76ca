-- Opens scripts that ask whether the server is still the one that it was: an id that a server gets when it becomes primary or starts.
-- It is empty where INFO is forbidden.
local function replication_id()
  local info = redis.pcall('INFO', 'replication')
  return type(info) == 'string' and string.match(info, 'master_replid:(%x+)') or ''
end
