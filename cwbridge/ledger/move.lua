-- Give the link of one identity to another.
-- ARGV: old identity, new identity, target id, link JSON
remove(ARGV[1])
put(ARGV[2], ARGV[3], ARGV[4])
return 1
