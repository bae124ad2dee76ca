"""The queue: what work is outstanding is ours, kept per object; arq only delivers it.

    want -> due -> claim -> dispatched -> (arq) -> start -> running -> settle -> no record, or due again, or dead

Every delivery has a ticket that is never used twice, and an arq id made of key and ticket. So nothing arq remembers about an id
can swallow a later change, and a delivery that comes late, twice or not at all changes nothing.
"""
