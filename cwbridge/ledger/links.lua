-- What the ledger of links keeps in Redis; opens each of its scripts.
-- KEYS[1]  {ns}:links:{kind}   hash   identity -> Link as JSON
-- KEYS[2]  {ns}:linked:{kind}  hash   target id -> its identities, one per line; the reverse index
-- KEYS[3]  {ns}:ended:{kind}   set    identities whose link says that nothing is written to its record any more
local links, linked, ended = KEYS[1], KEYS[2], KEYS[3]

local function target_of(identity)
  local stored = redis.call('HGET', links, identity)
  return stored and tostring(cjson.decode(stored).target)
end

local function without(identities, gone)
  local kept = {}
  for one in string.gmatch(identities or '', '[^\n]+') do
    if one ~= gone then
      kept[#kept + 1] = one
    end
  end
  return kept
end

local function store(target, identities)
  if #identities == 0 then
    redis.call('HDEL', linked, target)
  else
    redis.call('HSET', linked, target, table.concat(identities, '\n'))
  end
end

local function remove(identity)
  local target = target_of(identity)
  if not target then
    return 0
  end
  store(target, without(redis.call('HGET', linked, target), identity))
  redis.call('SREM', ended, identity)
  return redis.call('HDEL', links, identity)
end

local function put(identity, target, link)
  local before = target_of(identity)
  if before ~= target then
    remove(identity)
    local identities = without(redis.call('HGET', linked, target), identity)
    identities[#identities + 1] = identity
    store(target, identities)
  end
  redis.call('HSET', links, identity, link)
  redis.call(cjson.decode(link).finished == '' and 'SREM' or 'SADD', ended, identity)
end
