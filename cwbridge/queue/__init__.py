"""The queue: outstanding work is kept in Redis per object; arq only delivers it.

    enqueue -> due -> claim -> dispatched -> (arq) -> start -> running -> settle -> no record, or due, waiting or dead

Every delivery has a fencing token that is never used twice, and an arq id made of key and fencing token. So nothing that arq
stores about an id can swallow a later change, and a delivery that comes late, twice or not at all does no harm.
"""
