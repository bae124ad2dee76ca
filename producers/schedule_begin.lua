-- Begins the action of a schedule.
-- Answer: the id of the primary
return replication_id()
