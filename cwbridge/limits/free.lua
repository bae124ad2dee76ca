-- Free the slots of calls that have ended.
-- ARGV: calls...
free(1)
tell_line()
return 0
