-- Begins a reading of a source.
-- KEYS: watermark, epoch   ARGV: the epoch to begin when Redis has none
-- Answer: epoch of the reading, watermark
redis.call('SET', KEYS[2], ARGV[1], 'NX')
return {redis.call('GET', KEYS[2]) .. '@' .. replication_id(), redis.call('GET', KEYS[1])}
