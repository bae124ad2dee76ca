-- Forget a link.
-- ARGV: identity
-- Answer: 1, or 0 when there was none
return remove(ARGV[1])
