-- End the hold; a limit that was cut still grows back slowly.
return redis.call('HDEL', state, 'held_until', 'held_for')
