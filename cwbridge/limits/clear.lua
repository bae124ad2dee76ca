-- Calls go again; a cut limit still grows back slowly.
return redis.call('HDEL', state, 'held_until', 'held_for')
