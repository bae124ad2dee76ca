-- Keep a link.
-- ARGV: identity, target id, link JSON
put(ARGV[1], ARGV[2], ARGV[3])
return 1
